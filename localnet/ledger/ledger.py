"""The ledger itself: one object that validates, executes, seals, stores and answers.

Rules:
    * what `execute` returned is durable: it survives a kill -9 of the process;
    * every transaction is in exactly one checkpoint, sealed `finality_ms` after its first one (0 = at once);
    * the Clock object moves with a system transaction at the head of each checkpoint, never backwards;
    * the same seed, clock and transactions give the same digests.

What it does not do: networking, waiting, threads. Time comes from `clock`, and passes when `tick` is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.ledger.limits import LIMITS, ProtocolLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from localnet.ledger.records import (
        Balance,
        CheckpointRecord,
        EpochInfo,
        EventCursor,
        EventFilter,
        EventPage,
        ExecutedTransaction,
        ObjectRecord,
        Page,
        ServiceInfo,
        SimulatedTransaction,
    )
    from localnet.vm import Vm
    from localnet.vm.loader import Package
    from sui.transaction import TransactionData
    from sui.type_tag import StructTag
    from sui.types import Address, Digest


class Ledger:
    """A Sui network of one node; see the module for its rules."""

    def __init__(
        self,
        state_dir: Path | str,
        *,
        seed: int = 0,
        finality_ms: int = 250,
        clock: Callable[[], int],
        trust_roots: Sequence[bytes] = (),
        framework: Path | None = None,
        idle_checkpoint_ms: int = 5_000,
        limits: ProtocolLimits = LIMITS,
    ) -> None:
        """Open the state in `state_dir` (":memory:" keeps none), making a genesis there first when it is empty.

        Args:
            state_dir: folder of the SQLite state, or ":memory:".
            seed: decides the genesis, hence the chain id and the faucet's key.
            finality_ms: how long transactions are collected into a checkpoint.
            clock: Unix time in ms; the ledger's own time never runs backwards even if this does.
            trust_roots: DER or PEM roots that attestation documents may lead to (none: AWS's).
            framework: bundle of compiled framework packages; None looks for it in the usual places.
            idle_checkpoint_ms: an empty checkpoint is sealed after this long without transactions (0 = never).
            limits: protocol limits.

        Raises:
            StateError: the state is of another seed or format, or no framework bundle was found.
        """
        raise NotImplementedError

    @property
    def chain_id(self) -> Digest:
        """Digest of the genesis checkpoint."""
        raise NotImplementedError

    @property
    def faucet_address(self) -> Address:
        """The address whose coins the faucet gives away."""
        raise NotImplementedError

    @property
    def vm(self) -> Vm:
        """The Move VM with every package of this ledger: for ABIs (`module_abi`) and for decoding values."""
        raise NotImplementedError

    def execute(self, transaction: bytes, signatures: Sequence[bytes]) -> ExecutedTransaction:
        """Check, execute and store a signed transaction (BCS of TransactionData; `flag | signature | key` each).

        A transaction that was executed before is answered with what it did then.

        Raises:
            RejectedTransaction: it was refused and nothing changed; the kind says why.
        """
        raise NotImplementedError

    def simulate(
        self, transaction: TransactionData, *, checks: bool = True, gas_selection: bool = False
    ) -> SimulatedTransaction:
        """Execute without storing anything.

        Args:
            transaction: what to run; its gas payment may be empty (a coin is then made up), its budget 0 (the
                maximum is then used) and its price 0 (the reference price is then used).
            checks: whether to run it as `execute` would; without, any function may be called with any argument.
            gas_selection: fill in price, budget and payment from what the run used and what the gas owner has.

        Raises:
            RejectedTransaction: it would be refused.
        """
        raise NotImplementedError

    def faucet(self, recipient: Address, amounts_mist: Sequence[int]) -> ExecutedTransaction:
        """Send one new coin of each amount to `recipient`; its effects list them as created."""
        raise NotImplementedError

    def get_object(self, object_id: Address, version: int | None = None) -> ObjectRecord | None:
        """Return an object at its newest version, or at the one given; None if it does not exist (any more)."""
        raise NotImplementedError

    def owned_objects(
        self, owner: Address, *, object_type: StructTag | None = None, limit: int = 50, after: bytes | None = None
    ) -> Page[ObjectRecord]:
        """List what an address owns; a type without parameters matches all its instances."""
        raise NotImplementedError

    def list_dynamic_fields(self, parent: Address, *, limit: int = 50, after: bytes | None = None) -> Page[ObjectRecord]:
        """List the field objects (`0x2::dynamic_field::Field<K, V>`) of an object."""
        raise NotImplementedError

    def balance(self, owner: Address, coin_type: StructTag) -> Balance:
        """Return what an address holds of a coin type (`T` of `Coin<T>`)."""
        raise NotImplementedError

    def balances(self, owner: Address) -> tuple[Balance, ...]:
        """Return what an address holds of every coin type."""
        raise NotImplementedError

    def coin_objects_of_type(self, object_type: StructTag) -> ObjectRecord | None:
        """Return one object of this exact type (as `CoinMetadata<T>` or `TreasuryCap<T>`), None if there is none."""
        raise NotImplementedError

    def package(self, storage_id: Address) -> Package | None:
        """Return a package by the id at which it is stored."""
        raise NotImplementedError

    def package_versions(self, package_id: Address) -> tuple[tuple[Address, int], ...]:
        """Return (storage id, version) of every version of a package, given the id of any of them."""
        raise NotImplementedError

    def get_transaction(self, digest: Digest) -> ExecutedTransaction | None:
        """Return an executed transaction."""
        raise NotImplementedError

    def list_transactions(self, *, after: int = -1, limit: int = 50) -> tuple[ExecutedTransaction, ...]:
        """Return sealed transactions in order, from the one after index `after`."""
        raise NotImplementedError

    def get_checkpoint(
        self, which: int | Digest | None = None, *, transactions: bool = False
    ) -> CheckpointRecord | None:
        """Return a checkpoint by number or digest, or the newest one."""
        raise NotImplementedError

    def list_events(
        self,
        terms: Sequence[Sequence[EventFilter]] = (),
        *,
        after: EventCursor | None = None,
        before: EventCursor | None = None,
        descending: bool = False,
        limit: int = 50,
    ) -> EventPage:
        """List events of sealed checkpoints: terms are alternatives, the literals of one must all match."""
        raise NotImplementedError

    def epoch_info(self) -> EpochInfo:
        """Return the current epoch."""
        raise NotImplementedError

    def service_info(self) -> ServiceInfo:
        """Return which network this is and its height."""
        raise NotImplementedError

    def subscribe(self, callback: Callable[[CheckpointRecord], None]) -> Callable[[], None]:
        """Call `callback` with each checkpoint (its transactions filled in) when it is sealed; returns the undo."""
        raise NotImplementedError

    def tick(self, now_ms: int | None = None) -> None:
        """Let time pass: seal the pending checkpoint if it is due. Call it a few times per `finality_ms`."""
        raise NotImplementedError

    def close(self) -> None:
        """Seal what is pending and close the state."""
        raise NotImplementedError
