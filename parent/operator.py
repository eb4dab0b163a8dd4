"""What the operator's key does on chain: challenge, registration, activation, announcements, top-ups.

Role: one method for each act, each one transaction. It holds the OperatorCap and pays; it can start enclaves that run
an approved image under an approved configuration, and nothing else.

Rules: what is called is the version of the package that the cluster works with at that moment, and only one that the
settings name: the OperatorCap goes into these calls, so a node's word alone never chooses whose code gets it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from chain.bindings import calls
from chain.bindings.arguments import Contract
from chain.bindings.cluster_object import CLUSTER
from chain.bindings.events import EnclaveActivated, EnclaveRegistered, EnclaveRenewed, SealTokenChanged, decode_event
from chain.bindings.objects import object_type
from chain.history import past_events
from chain.outcome import created
from parent.errors import RegistrationError
from parent.limits import LIMITS, Limits
from sui.bcs import ADDRESS, U64
from sui.builder import ProgrammableBuilder
from sui.errors import BcsError
from sui.transaction import GAS_COIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.account import Account
    from chain.ledger import ExecutedTransaction
    from sui.types import Address, Digest, ObjectRef

E = TypeVar("E")


@dataclass(frozen=True)
class Identity:
    """What an enclave says of itself; the contract believes it only because the document binds it."""

    address: Address
    public_key: bytes
    hpke_key: bytes
    tls_ca_hash: bytes


@dataclass(frozen=True)
class Registration:
    """A registration that the contract accepted."""

    enclave: Address
    digest: Digest
    expires_at: int


class Operator:
    """The account that holds the OperatorCap of one cluster."""

    def __init__(
        self,
        account: Account,
        contract: Contract,
        cluster: Address,
        cap: Address,
        *,
        packages: frozenset[Address] = frozenset(),
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        limits: Limits = LIMITS,
    ) -> None:
        """Act for a cluster.

        Args:
            account: who holds the OperatorCap and pays.
            contract: the package as the settings have it.
            cluster: the cluster.
            cap: its OperatorCap.
            packages: further versions of the package that may be called.
            now_ms: this machine's time, where an idle ledger's is older.
            limits: the parent's limits.
        """
        self._packages = packages | {contract.package, contract.original}
        self._now_ms = now_ms
        self._account = account
        self._contract = contract
        self._cluster = cluster
        self._cap = cap
        self._limits = limits

    @property
    def address(self) -> Address:
        """Who pays."""
        return self._account.address

    async def challenge(self) -> ObjectRef:
        """Make a challenge; the 32 bytes of its id are the nonce of the next registration."""
        builder = ProgrammableBuilder()
        calls.new_challenge(
            builder, await self._called(), await self._account.shared(self._cluster), await self._operator()
        )
        done = await self._account.execute(builder)
        wanted = object_type(self._contract.original, "enclave", "Challenge")
        for found in await self._account.ledger.get_objects(created(done)):
            if found is not None and found.type == wanted:
                return found.ref
        raise RegistrationError(f"transaction {done.digest} made no challenge; the ledger does not do what it says")

    async def register(
        self, challenge: ObjectRef, document: bytes, identity: Identity, configuration_hash: bytes
    ) -> Registration:
        """Register the enclave that `document` speaks for."""
        builder = ProgrammableBuilder()
        calls.register(
            builder,
            await self._called(),
            await self._account.shared(self._cluster),
            await self._operator(),
            challenge,
            document=document,
            hpke_key=identity.hpke_key,
            tls_ca_hash=identity.tls_ca_hash,
            configuration_hash=configuration_hash,
        )
        done = await self._account.execute(builder)
        event = self._event(done, EnclaveRegistered)
        return Registration(event.enclave, done.digest, event.expires_at)

    async def renew(self, enclave: Address, challenge: ObjectRef, document: bytes, configuration_hash: bytes) -> int:
        """Let a registration last longer, by a new document of the same key; say until when."""
        builder = ProgrammableBuilder()
        calls.renew(
            builder,
            await self._called(),
            await self._account.shared(self._cluster),
            await self._operator(),
            enclave=await self._account.shared(enclave),
            challenge=challenge,
            document=document,
            configuration_hash=configuration_hash,
        )
        return self._event(await self._account.execute(builder), EnclaveRenewed).expires_at

    async def activate(self, enclave: Address) -> EnclaveActivated:
        """Make an enclave the one that new requests name."""
        builder = ProgrammableBuilder()
        calls.activate(
            builder,
            await self._called(),
            await self._account.shared(self._cluster),
            await self._operator(),
            await self._account.shared(enclave),
        )
        return self._event(await self._account.execute(builder), EnclaveActivated)

    async def live_tokens(self, now_ms: int) -> list[Address]:
        """The cluster's tokens that are neither revoked nor expired, by the newest event of each."""
        newest: dict[Address, SealTokenChanged] = {}
        async for _, event in past_events(self._account.ledger, self._contract.original, ["SealTokenChanged"]):
            if isinstance(event, SealTokenChanged) and event.cluster == self._cluster:
                newest.setdefault(event.token, event)
        live = [t for t in newest.values() if not t.revoked and t.expires_at > now_ms]
        return [token.token for token in live][: self._limits.announce_tokens]

    async def announce(self, tokens: list[Address]) -> None:
        """Have each token's full state emitted again, so that a new enclave knows it by an event."""
        contract = await self._called()
        for start in range(0, len(tokens), 32):
            builder = ProgrammableBuilder()
            for token in tokens[start : start + 32]:
                calls.announce_token(builder, contract, await self._account.shared(token))
            await self._account.execute(builder)

    async def send(self, to: Address, mist: int) -> None:
        """Send SUI."""
        builder = ProgrammableBuilder()
        coin = builder.split_coins(GAS_COIN, [builder.pure_value(U64, mist)])[0]
        builder.transfer_objects([coin], builder.pure_value(ADDRESS, to))
        await self._account.execute(builder)

    async def _called(self) -> Contract:
        """The version of the package that the cluster works with now.

        Raises:
            RegistrationError: the settings do not name it.
        """
        if len(self._packages) == 1:
            return self._contract
        ledger = self._account.ledger
        found = await ledger.get_object(self._cluster)
        now_ms = max(self._now_ms(), (await ledger.service_info()).timestamp_ms)
        try:
            code = CLUSTER.decode(found.contents).code_at(now_ms)
        except BcsError as error:
            raise RegistrationError(f"{self._cluster} is no cluster that this program can read: {error}") from error
        if code not in self._packages:
            raise RegistrationError(
                f"the cluster works with version {code} of the contract, which nobody here has named; let this home "
                "know it (`k3s-daas contract upgrade`, or a new cluster.json) and start again"
            )
        return Contract(code, self._contract.original)

    async def _operator(self) -> ObjectRef:
        return await self._account.owned(self._cap)

    def _event(self, done: ExecutedTransaction, kind: type[E]) -> E:
        for event in done.events:
            if event.type.address == self._contract.original:
                decoded = decode_event(self._contract.original, event.type, event.contents)
                if isinstance(decoded, kind):
                    return decoded
        raise RegistrationError(
            f"transaction {done.digest} succeeded without {kind.__name__}; is the package of this cluster another one?"
        )
