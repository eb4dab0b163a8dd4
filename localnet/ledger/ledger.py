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

from localnet.ledger import listing
from localnet.ledger.chain import Chain
from localnet.ledger.errors import SignatureRejected, StateError
from localnet.ledger.executor import Epoch, Executor
from localnet.ledger.form import check_form, check_signatures, decode
from localnet.ledger.framework import find_bundle, read_bundle
from localnet.ledger.genesis import faucet_key, genesis_transaction
from localnet.ledger.limits import LIMITS, ProtocolLimits
from localnet.ledger.nitro import document_reader
from localnet.ledger.packages import PackageShelf
from localnet.ledger.programmable import CallableFunctions, Machinery
from localnet.ledger.records import (
    Balance,
    CheckpointRecord,
    EpochInfo,
    EventPage,
    ExecutedTransaction,
    ObjectRecord,
    Page,
    ServiceInfo,
    SimulatedTransaction,
)
from localnet.ledger.simulate import Simulator
from localnet.ledger.store import Store
from localnet.ledger.validate import check_gas, check_inputs
from localnet.vm import NativesConfig, Vm
from sui.bcs import U64
from sui.builder import ProgrammableBuilder, transaction_data
from sui.digests import transaction_digest
from sui.transaction import GAS_COIN, TRANSACTION_DATA
from sui.type_tag import GAS_COIN_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from localnet.ledger.records import EventCursor, EventFilter
    from localnet.vm import Package
    from sui.transaction import TransactionData
    from sui.type_tag import StructTag
    from sui.types import Address, Digest

_FAUCET_BUDGET_MIST = 50_000_000
_FAUCET_BUDGET_PER_COIN_MIST = 2_000_000
_EPOCH = 0


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
            trust_roots: DER or PEM roots that attestation documents may lead to; without any, AWS's own.
            framework: bundle of compiled framework packages; None looks for it in the usual places.
            idle_checkpoint_ms: an empty checkpoint is sealed after this long without transactions (0 = never).
            limits: protocol limits.

        Raises:
            StateError: the state is of another seed or format, or no framework bundle was found.
        """
        self._limits = limits
        self._store = Store(state_dir)
        self._shelf = PackageShelf(self._store)
        self._vm = Vm(self._shelf)
        self._seed = seed
        natives = NativesConfig(nitro=document_reader(trust_roots))
        machinery = Machinery(self._vm, self._shelf, CallableFunctions(self._vm), limits)
        self._executor = Executor(self._store, machinery, natives)
        self._chain = Chain(
            self._store, self._shelf, clock, finality_ms=finality_ms, idle_checkpoint_ms=idle_checkpoint_ms
        )
        self._simulator = Simulator(self._store, self._executor, limits, self._chain.preview_clock)
        if self._chain.is_empty:
            self._begin(clock(), framework)
        elif self._store.meta("seed") != str(seed):
            self._store.close()
            raise StateError(
                f"the state in {state_dir} was made with another seed: name that one, or choose another folder"
            )
        self._faucet = faucet_key(seed)
        first = self._chain.checkpoint(0)
        if first is None:
            raise StateError(f"the state in {state_dir} has no genesis: choose another folder")
        self._chain_id = first.digest
        self._epoch = Epoch(_EPOCH, int(self._store.meta("started_ms") or 0))

    def _begin(self, now_ms: int, framework: Path | None) -> None:
        data = genesis_transaction(self._seed, read_bundle(find_bundle(framework)))
        self._store.begin()
        self._store.set_meta("seed", str(self._seed))
        self._store.set_meta("started_ms", str(now_ms))
        self._chain.genesis(data)

    @property
    def chain_id(self) -> Digest:
        """Digest of the genesis checkpoint."""
        return self._chain_id

    @property
    def faucet_address(self) -> Address:
        """The address whose coins the faucet gives away."""
        return self._faucet.address

    @property
    def vm(self) -> Vm:
        """The Move VM with every package of this ledger: for ABIs (`module_abi`) and for decoding values."""
        return self._vm

    # --- transactions

    def execute(self, transaction: bytes, signatures: Sequence[bytes]) -> ExecutedTransaction:
        """Check, execute and store a signed transaction (BCS of TransactionData; `flag | signature | key` each).

        A transaction that was executed before is answered with what it did then.

        Raises:
            RejectedTransaction: it was refused and nothing changed; the kind says why.
        """
        data = decode(transaction, self._limits)
        digest = transaction_digest(transaction)
        kind = check_form(data, self._limits, epoch=_EPOCH, chain_id=self._chain_id)
        check_signatures(data, transaction, signatures)
        before = self._chain.transaction(digest)
        if before is not None:
            return before
        checked = check_inputs(data, kind, self._store, self._limits)
        check_gas(checked, self._limits)
        with self._chain.commit() as commit:
            checked = commit.refresh(checked)
            done = self._executor.run(checked, digest, self._epoch)
            commit.append(data, transaction, digest, tuple(signatures), done)
        return commit.result()

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
        try:
            return self._simulator.simulate(
                transaction, self._epoch, self._chain_id, checks=checks, gas_selection=gas_selection
            )
        finally:
            self._shelf.unstage()

    def faucet(self, recipient: Address, amounts_mist: Sequence[int]) -> ExecutedTransaction:
        """Send one new coin of each amount to `recipient`; its effects list them as created."""
        builder = ProgrammableBuilder()
        amounts = [builder.pure_value(U64, amount) for amount in amounts_mist]
        coins = builder.split_coins(GAS_COIN, amounts)
        builder.transfer_objects(coins, builder.pure(bytes(recipient)))
        held = self.owned_objects(self._faucet.address, object_type=GAS_COIN_TYPE, limit=1).items
        if not held:
            raise SignatureRejected("the faucet is empty: start a new ledger")
        data = transaction_data(
            builder.finish(),
            sender=self._faucet.address,
            payment=[held[0].ref],
            price=self._limits.reference_gas_price_mist,
            budget=_FAUCET_BUDGET_MIST + _FAUCET_BUDGET_PER_COIN_MIST * len(amounts),
        )
        encoded = TRANSACTION_DATA.encode(data)
        return self.execute(encoded, [self._faucet.sign_transaction(encoded)])

    def get_transaction(self, digest: Digest) -> ExecutedTransaction | None:
        """Return an executed transaction."""
        return self._chain.transaction(digest)

    def list_transactions(self, *, after: int = -1, limit: int = 50) -> tuple[ExecutedTransaction, ...]:
        """Return sealed transactions in order, from the one after index `after`."""
        return self._chain.transactions(after + 1, limit)

    def transaction_objects(
        self, done: ExecutedTransaction
    ) -> tuple[tuple[ObjectRecord, ...], tuple[ObjectRecord, ...]]:
        """Return the objects that a transaction changed, as they were before, and as they were after it."""
        return self._chain.transaction_objects(done)

    # --- objects

    def get_object(self, object_id: Address, version: int | None = None) -> ObjectRecord | None:
        """Return an object at its newest version, or at the one given; None if it does not exist (any more)."""
        if version is None:
            return self._store.latest(object_id)
        return self._store.at_version(object_id, version)

    def owned_objects(
        self, owner: Address, *, object_type: StructTag | None = None, limit: int = 50, after: bytes | None = None
    ) -> Page[ObjectRecord]:
        """List what an address owns; a type without parameters matches all its instances."""
        return listing.owned_objects(
            self._store, owner, by_object=False, object_type=object_type, limit=limit, after=after
        )

    def list_dynamic_fields(
        self, parent: Address, *, limit: int = 50, after: bytes | None = None
    ) -> Page[ObjectRecord]:
        """List the field objects (`0x2::dynamic_field::Field<K, V>`) of an object."""
        return listing.owned_objects(self._store, parent, by_object=True, object_type=None, limit=limit, after=after)

    def balance(self, owner: Address, coin_type: StructTag) -> Balance:
        """Return what an address holds of a coin type (`T` of `Coin<T>`)."""
        found = listing.balances(self._store, owner, coin_type)
        return found[0] if found else Balance(coin_type, 0, 0)

    def balances(self, owner: Address) -> tuple[Balance, ...]:
        """Return what an address holds of every coin type."""
        return listing.balances(self._store, owner, None)

    def coin_objects_of_type(self, object_type: StructTag) -> ObjectRecord | None:
        """Return one object of this exact type (as `CoinMetadata<T>` or `TreasuryCap<T>`), None if there is none."""
        object_id = listing.first_of_type(self._store, object_type)
        return None if object_id is None else self._store.latest(object_id)

    def package(self, storage_id: Address) -> Package | None:
        """Return a package by the id at which it is stored."""
        return self._shelf.get(storage_id)

    def package_versions(self, package_id: Address) -> tuple[tuple[Address, int], ...]:
        """Return (storage id, version) of every version of a package, given the id of any of them."""
        return tuple(self._store.package_versions(package_id))

    # --- checkpoints and events

    def get_checkpoint(
        self, which: int | Digest | None = None, *, transactions: bool = False
    ) -> CheckpointRecord | None:
        """Return a checkpoint by number or digest, or the newest one."""
        return self._chain.checkpoint(which, transactions=transactions)

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
        return self._chain.events(terms, after=after, before=before, descending=descending, limit=limit)

    def epoch_info(self) -> EpochInfo:
        """Return the current epoch."""
        return EpochInfo(
            epoch=_EPOCH,
            reference_gas_price=self._limits.reference_gas_price_mist,
            start_ms=self._epoch.start_ms,
            first_checkpoint=0,
            protocol_version=self._limits.protocol_version,
            attributes=self._limits.attributes(),
        )

    def service_info(self) -> ServiceInfo:
        """Return which network this is and its height."""
        tip = self._chain.tip
        return ServiceInfo(self._chain_id, _EPOCH, tip.number, tip.timestamp_ms)

    def subscribe(self, callback: Callable[[CheckpointRecord], None]) -> Callable[[], None]:
        """Call `callback` with each checkpoint (its transactions filled in) when it is sealed; returns the undo."""
        return self._chain.subscribe(callback)

    def tick(self, now_ms: int | None = None) -> None:
        """Let time pass: seal the pending checkpoint if it is due. Call it a few times per `finality_ms`."""
        self._chain.tick(now_ms)

    def close(self) -> None:
        """Seal what is pending and close the state."""
        self._chain.close()
