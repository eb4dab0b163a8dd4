"""What the gateway needs from outside itself, as two abstract classes.

Role: inside the enclave a request is decided by a transaction that the enclave's own key sends under a grant, and the
executor is a process next door. A gateway on a user's own machine sends with the user's key, and reaches the executor
through the enclave's TLS. Both run the same core over different implementations of these ports.

Rules: implementations wrap every foreign error into `gateway.errors` or `chain.errors`; every call ends by itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chain.grants import GrantScope

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Hashable

    from chain.rules import Envelope
    from gateway.identity import Identity
    from gateway.messages import HttpRequest, HttpResponse
    from sui.types import Address, Digest, ObjectRef


@dataclass(frozen=True, slots=True)
class Submission:
    """One sealed request, ready to be decided.

    Attributes:
        identity: Who asks, under which grant if any.
        envelope: What stands in clear on the chain.
        enclave: The enclave it was sealed to.
        sealed: The sealed request.
        payload_hash: The hash of `sealed` as the chain knows it.
        deadline_ms: Ledger time after which it must not start.
        stream: Whether a stream is asked for.
        order_key: Requests with the same key are submitted in order; None for no order.
    """

    identity: Identity
    envelope: Envelope
    enclave: Address
    sealed: bytes = field(repr=False)
    payload_hash: bytes
    deadline_ms: int
    stream: bool
    order_key: Hashable | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The contract's yes: the request stands on the chain.

    Attributes:
        request_id: The Request object's id.
        digest: The transaction that made it.
        answer_until_ms: Ledger time after which no answer can be stored.
        submit_ms: Time from handing over to sending.
        finality_ms: Time from sending to the ledger's outcome.
    """

    request_id: Address
    digest: Digest
    answer_until_ms: int
    submit_ms: int
    finality_ms: int


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that the contract accepted and whose signature was checked again here.

    Attributes:
        request_id: The request it answers.
        status: The HTTP status that was signed.
        body: The sealed answer, if it stands on the chain.
        body_hash: The hash of the sealed answer; of nothing where there is none.
        body_length: The length of the sealed answer.
        executed_at_ms: When the enclave had executed it, in ledger time.
        stored_at_ms: When the chain had it, in ledger time.
    """

    request_id: Address
    status: int
    body: bytes = field(repr=False)
    body_hash: bytes
    body_length: int
    executed_at_ms: int
    stored_at_ms: int


@dataclass(frozen=True, slots=True)
class SealTarget:
    """To whom a request is sealed, and who sends it.

    Attributes:
        chain_id: The genesis checkpoint's digest.
        package: The contract's original package id.
        cluster: The cluster.
        enclave: The active enclave.
        hpke_key: Its attested key.
        sender: The address that will send the transaction.
        request_limit_ms: How far ahead the contract lets a request's deadline lie.
        stream_limit_ms: The same for a stream.
        conditions: The cluster's authenticated state as far as a lasting denial depends on it, at the ledger's time,
            compared by equality.
    """

    chain_id: bytes
    package: Address
    cluster: Address
    enclave: Address
    hpke_key: bytes
    sender: Address
    request_limit_ms: int
    stream_limit_ms: int
    conditions: Hashable

    @property
    def scope(self) -> GrantScope:
        """What a grant must name to be good here."""
        return GrantScope(self.chain_id, self.package, self.cluster, self.sender)


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction, signed and paid for, but not sent.

    Attributes:
        transaction: BCS of the TransactionData.
        signature: The sender's signature with its scheme and key.
        digest: The transaction's digest.
        lease: The name under which its gas coin is taken until it is settled.
        balance: What the signer believes to be in that coin, or None.
    """

    transaction: bytes
    signature: bytes
    digest: Digest
    lease: int
    balance: int | None = None


class TransactionSigner(ABC):
    """Pays for and signs transactions with the sender's key and coins; two transactions never share a coin."""

    @abstractmethod
    async def sign(self, kind: bytes, *, gas_budget: int, gas_price: int) -> SignedTransaction:
        """Sign a programmable transaction.

        Args:
            kind: BCS of the TransactionKind.
            gas_budget: The most it may cost, in MIST.
            gas_price: MIST a unit.

        Raises:
            gateway.errors.GasError: There is no free coin.
            gateway.errors.LocalError: The signer cannot be reached or refuses.
        """

    @abstractmethod
    async def settle(self, lease: int, coin: ObjectRef | None, balance: int | None = None) -> None:
        """Say what became of a lease's coin. It never fails.

        Args:
            lease: From `sign`.
            coin: The coin as it is now, or None where nobody knows.
            balance: What is in it, where that was looked up.
        """


class Submitter(ABC):
    """Lets the contract decide, and waits for the answers that the contract accepted."""

    @abstractmethod
    def target(self) -> SealTarget:
        """Say to whom requests are sealed now.

        Raises:
            chain.errors.LedgerUnreachableError: Events have not told it yet.
            gateway.errors.SupersededError: Another enclave is the active one now.
        """

    @abstractmethod
    def now_ms(self) -> int:
        """Give the ledger's time."""

    @abstractmethod
    async def submit(self, submission: Submission) -> Accepted:
        """Have the contract decide one request.

        Raises:
            gateway.errors.DeniedError: The contract said no.
            gateway.errors.GasError: There is no coin to pay with; nothing was sent.
            chain.errors.LedgerUnreachableError: The ledger was not reached; nothing was sent.
            chain.errors.TransactionRefusedError: The ledger did not take the transaction; nothing happened.
            chain.errors.OutcomeUnknownError: It was sent, and its outcome is not known.
        """

    @abstractmethod
    async def answer(self, accepted: Accepted, submission: Submission) -> StoredAnswer:
        """Wait until the request's answer is stored, and check it.

        Raises:
            gateway.errors.OverdueError: The time for an answer has passed.
            gateway.errors.ViolationError: The enclave found that what was sealed is not what its envelope says.
        """


class Executor(ABC):
    """The executor of the enclave, as far as a gateway talks to it beside the chain."""

    @abstractmethod
    async def local(self, identity: Identity, request: HttpRequest) -> HttpResponse:
        """Have a request answered that needs no transaction.

        Raises:
            gateway.errors.LocalError: The executor cannot be reached.
        """

    @abstractmethod
    async def fetch(self, identity: Identity, body_hash: bytes, length: int) -> bytes:
        """Fetch a sealed answer to this token's request, too large for the chain; the caller checks its hash.

        Raises:
            gateway.errors.MissingBodyError: It is not kept any more.
        """

    @abstractmethod
    def stream(self, identity: Identity, request_id: Address) -> AsyncGenerator[bytes, None]:
        """Read the sealed frames of this token's stream as they come; reading slowly slows the sender down.

        Raises:
            gateway.errors.StreamError: The connection broke off.
        """
