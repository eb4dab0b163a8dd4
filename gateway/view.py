"""What authenticated events told of the cluster and of our own enclave.

Role: from events to the target of sealing and to the key that answers are checked with.

Rules: fed with checked events only; the enclave is found by its address, which stands in the attested manifest; the
cluster's newest state is the one with the highest config version and epoch, in whatever order events come; what is
pending holds from its due time on, without another event, so everything that depends on it takes the ledger's time;
nothing is sealed to an enclave that is not the active one any more, or whose operator's bond does not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from chain.bindings.calls import Contract
from chain.bindings.events import ClusterChanged, EnclaveActivated, EnclaveRegistered, SealTokenChanged
from chain.errors import LedgerUnreachableError
from chain.packages import KnownPackages
from gateway.errors import SupersededError
from gateway.ports import SealTarget

if TYPE_CHECKING:
    from collections.abc import Hashable

    from chain.bindings.state import ClusterState, Settings
    from chain.tokens import TokenRegistry
    from sui.types import Address

SETTLE_MS: Final = 60_000
"""How far our own time may run ahead of the ledger's: so long what became due may not hold there yet."""


@dataclass(slots=True)
class ClusterView:
    """The cluster as far as a gateway needs it.

    Attributes:
        chain_id: The genesis checkpoint's digest.
        package: The contract's original package id.
        cluster: The cluster.
        address: The address of the enclave that requests are sealed to.
        public_key: Its signing key.
        hpke_key: Its sealing key.
        tokens: The tokens.
        state: The cluster's newest state, once an event told it.
        enclave: The enclave's object id, once an event told it.
        activated: Whether it was made the active one.
        sender: Who sends the transactions; the enclave itself where nobody else is named.
        callable: The versions of the contract that may be called, where a trusted file says so; else whichever the
            cluster works with.
        packages: The versions of the contract that the cluster's states have named.
    """

    chain_id: bytes
    package: Address
    cluster: Address
    address: Address
    public_key: bytes
    hpke_key: bytes
    tokens: TokenRegistry
    state: ClusterState | None = None
    enclave: Address | None = None
    activated: bool = False
    sender: Address | None = None
    callable: frozenset[Address] | None = None
    packages: KnownPackages = field(init=False)

    def __post_init__(self) -> None:
        """Know the package's original id only."""
        self.packages = KnownPackages(self.package, self.cluster)

    def apply(self, event: object) -> None:
        """Take in a checked event; those of other clusters and enclaves are passed over."""
        match event:
            case SealTokenChanged():
                self.tokens.apply(event)
            case ClusterChanged():
                self._newer(event.state)
            case EnclaveRegistered() if event.cluster == self.cluster and event.address == self.address:
                self.enclave = event.enclave
            case EnclaveActivated() if event.state.cluster == self.cluster:
                if event.address == self.address:
                    self.enclave = event.enclave
                    self.activated = True
                self._newer(event.state)

    def _newer(self, state: ClusterState) -> None:
        """Keep the newest state."""
        if state.cluster != self.cluster:
            return
        self.packages.learn(state)
        known = self.state
        if known is None or (state.config_version, state.epoch) >= (known.config_version, known.epoch):
            self.state = state

    def key_of(self, enclave: Address) -> bytes | None:
        """Give the key that signs an enclave's answers, if it is ours."""
        return self.public_key if enclave == self.enclave else None

    @property
    def superseded(self) -> bool:
        """Whether our enclave was the active one and is not any more, which it never is again."""
        return self.activated and self.state is not None and self.state.active_enclave != self.enclave

    def own_enclave(self) -> Address:
        """Give the id of our enclave, active or superseded.

        Raises:
            LedgerUnreachableError: The events have not told it yet.
        """
        if self.enclave is None or not self.activated:
            raise LedgerUnreachableError("the enclave's activation was not seen on the ledger yet; wait for it")
        return self.enclave

    def contract_at(self, now_ms: int) -> Contract:
        """Give the package that is called at a time of the ledger: what the cluster works with then."""
        return Contract(self.package if self.state is None else self.state.code_at(now_ms), self.package)

    def settings_at(self, now_ms: int) -> Settings | None:
        """Give the settings that hold at a time of the ledger, once an event told them."""
        return None if self.state is None else self.state.settings_at(now_ms)

    def bond_at(self, now_ms: int) -> int:
        """Give what counts of the bond behind the active enclave: nothing once another operator is in office."""
        state = self.state
        if state is None or (state.successor is not None and state.successor.due <= now_ms):
            return 0
        return state.bond

    def denies(self, token: Address, *, change: bool, now_ms: int) -> bool:
        """Say whether our own copy tells why the contract denies a token for good, until an event changes it."""
        known, state = self.tokens.get(token), self.state
        if known is None or state is None:
            return False
        pending = state.pending_version
        version = pending.version if pending is not None and pending.due <= now_ms else state.version
        too_little = change and known.stake < state.settings_at(now_ms).min_stake
        return known.revoked or known.expires_at <= now_ms or known.version != version or too_little

    def target(self, now_ms: int) -> SealTarget:
        """Say to whom requests are sealed at a time of the ledger.

        Raises:
            LedgerUnreachableError: The events have not told it yet.
            SupersededError: Another enclave is the active one now, this one's operator has no bond any more, or the
                cluster works with a version of the contract that may not be called.
        """
        enclave = self.own_enclave()
        if self.state is None:
            raise LedgerUnreachableError("the cluster's state was not seen on the ledger yet; wait for it")
        settings = self.state.settings_at(now_ms)
        if self.superseded:
            raise SupersededError(
                f"the enclave {enclave} behind this gateway is not the cluster's active one any more; verify the new "
                "one and come again (`k3s-daas kubeconfig`, or start `k3s-daas proxy` anew)"
            )
        package = self.contract_at(now_ms).package
        if self.callable is not None and package not in self.callable:
            raise SupersededError(
                f"the cluster works with version {package} of the contract, which cluster.json does not name; get the "
                "file anew from the cluster's admin and start again"
            )
        if self.bond_at(now_ms) < settings.min_bond:
            raise SupersededError(
                f"the bond of the enclave {enclave}'s operator does not count, or is below the cluster's minimum; its "
                "operator must add to it (`k3s-daas cluster bond add`), or the new one start an enclave"
            )
        return SealTarget(
            chain_id=self.chain_id,
            package=self.package,
            cluster=self.cluster,
            enclave=enclave,
            hpke_key=self.hpke_key,
            sender=self.sender or self.address,
            request_limit_ms=settings.max_deadline_ms,
            stream_limit_ms=settings.max_stream_ms,
            conditions=self._conditions(now_ms),
        )

    def _conditions(self, now_ms: int) -> Hashable:
        """What a lasting denial depends on.

        Twice: a denial that came just after something was due may be of before, where the ledger's time lies behind
        ours; once that cannot be any more, it is not repeated.
        """
        return tuple(self._decided_by(at_ms) for at_ms in (now_ms - SETTLE_MS, now_ms))

    def _decided_by(self, now_ms: int) -> Hashable:
        settings = self.settings_at(now_ms)
        return (None if settings is None else settings.min_stake, self.contract_at(now_ms).package)
