"""What authenticated events told of the cluster and of our own enclave.

Role: from events to the target of sealing and to the key that answers are checked with.

Rules: fed with checked events only; the enclave is found by its address, which stands in the attested manifest; the
cluster's newest state is the one with the highest config version and epoch, in whatever order events come; nothing is
sealed to an enclave that is not the active one any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings.events import ClusterChanged, EnclaveActivated, EnclaveRegistered, SealTokenChanged
from chain.errors import LedgerUnreachableError
from gateway.errors import SupersededError
from gateway.ports import SealTarget

if TYPE_CHECKING:
    from chain.bindings.state import ClusterState
    from chain.tokens import TokenRegistry
    from sui.types import Address


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

    def target(self) -> SealTarget:
        """Say to whom requests are sealed.

        Raises:
            LedgerUnreachableError: The events have not told it yet.
            SupersededError: Another enclave is the active one now.
        """
        enclave = self.own_enclave()
        if self.state is None:
            raise LedgerUnreachableError("the cluster's state was not seen on the ledger yet; wait for it")
        if self.superseded:
            raise SupersededError(
                f"the enclave {enclave} behind this gateway is not the cluster's active one any more; verify the new "
                "one and come again (`k3s-daas kubeconfig`, or start `k3s-daas proxy` anew)"
            )
        return SealTarget(
            chain_id=self.chain_id,
            package=self.package,
            cluster=self.cluster,
            enclave=enclave,
            hpke_key=self.hpke_key,
            sender=self.sender or self.address,
            request_limit_ms=self.state.settings.max_deadline_ms,
            stream_limit_ms=self.state.settings.max_stream_ms,
            conditions=self.state.settings.min_stake,
        )
