"""What the executor needs from the processes around it, as abstract classes.

Role: one port each for the apiserver, the signer and the key broker (the ledger's is `chain.ledger.Ledger`); tests put
real in-memory implementations in their place.

Rules: an implementation wraps every foreign error into `enclave.execution_errors` or `chain.errors`; every call ends
by itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from sui.types import Address, Digest, ObjectRef


@dataclass(frozen=True)
class Call:
    """One HTTP request to the apiserver.

    Attributes:
        method: the method in upper case.
        target: path and query, escaped as the client sent them.
        headers: what the apiserver may hear.
        body: the body, whole.
        user: the user to impersonate; None for the appliance itself.
        audit_id: what the apiserver's audit log calls the request.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    user: str | None = None
    audit_id: str = ""


@dataclass(frozen=True)
class Reply:
    """The apiserver's whole answer, as it came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The first value of a header, or empty."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


class Watch(ABC):
    """An answer of the apiserver that comes piece by piece."""

    status: int
    headers: tuple[tuple[str, str], ...]

    @abstractmethod
    async def read(self) -> bytes:
        """The next piece, empty at the end.

        Raises:
            ApiserverCutError: the connection broke.
        """


class Apiserver(ABC):
    """The Kubernetes apiserver inside the enclave."""

    @abstractmethod
    async def call(self, call: Call, *, timeout_s: float) -> Reply:
        """Carry out one request.

        Raises:
            ApiserverUnreachableError: nothing was sent.
            ApiserverCutError: it was sent, and no whole answer came back in time.
            AnswerTooLargeError: the answer is longer than an answer may be.
        """

    @abstractmethod
    def watch(self, call: Call, *, timeout_s: float) -> AbstractAsyncContextManager[Watch]:
        """Carry out a request whose answer is a stream; `timeout_s` is for its head."""

    @abstractmethod
    async def close(self) -> None:
        """Close all connections."""


@dataclass(frozen=True)
class AnswerSignature:
    """What the signer gives for one answer or violation."""

    sequence: int
    signature: bytes


@dataclass(frozen=True)
class SignedTransaction:
    """A transaction that the signer completed with a coin of its own, in which `balance` is believed to be."""

    transaction: bytes
    signature: bytes
    digest: Digest
    lease: Any
    balance: int | None = None

    def left(self, taken: int) -> int | None:
        """What is left in the paying coin of which so much was taken; None where its balance is not known."""
        return None if self.balance is None else max(1, self.balance - taken)


class Signer(ABC):
    """The process that holds the enclave's key and coins."""

    @abstractmethod
    async def reserve(self) -> Any:
        """Set a coin aside for an answer.

        Raises:
            NoGasError: there is none.
            LocalProcessError: the signer does not answer.
        """

    @abstractmethod
    async def release(self, reservations: Sequence[Any]) -> None:
        """Give reservations back that are not needed; a failure is not reported."""

    @abstractmethod
    async def sign_answer(self, statement: dict[str, Any]) -> AnswerSignature:
        """Sign an answer, always the same way for the same request.

        Raises:
            LocalProcessError: the signer does not answer, or refuses.
        """

    @abstractmethod
    async def sign_violation(self, statement: dict[str, Any]) -> AnswerSignature:
        """Sign a violation, always the same way for the same request, and never where an answer was signed.

        Raises:
            LocalProcessError: the signer does not answer, or refuses.
        """

    @abstractmethod
    async def sign_transaction(
        self, kind: bytes, *, budget: int, price: int, reservation: Any | None
    ) -> SignedTransaction:
        """Complete and sign a transaction.

        Raises:
            NoGasError: there is no coin.
            LocalProcessError: the signer does not answer, or refuses.
        """

    @abstractmethod
    async def settle(self, lease: Any, coin: ObjectRef | None, balance: int | None = None) -> None:
        """Say what became of a transaction's coin.

        Args:
            lease: the transaction's lease.
            coin: the coin as it is now; None where that is not known.
            balance: what is in it now, None where that is not known; 0 where it is no longer there.
        """


class Broker(ABC):
    """The process that holds the enclave's HPKE key."""

    @abstractmethod
    async def open(self, sealed: bytes, info: bytes) -> bytes:
        """Open a sealed request.

        Raises:
            chain.errors.CannotOpenError: it does not open.
            LocalProcessError: the broker does not answer.
        """


class Inbox(ABC):
    """The client's end of one stream."""

    @abstractmethod
    async def send(self, frame: bytes) -> None:
        """Send one sealed frame, waiting until there is room.

        Raises:
            ConnectionError: the client is gone or too slow.
        """

    @abstractmethod
    async def wait_closed(self) -> None:
        """Return once the client is gone."""

    @abstractmethod
    async def close(self) -> None:
        """End the connection."""


class Streams(ABC):
    """Connections of clients that wait for their streams."""

    @abstractmethod
    async def connection(self, request_id: Address, token: Address, timeout_s: float) -> Inbox | None:
        """The connection of this token's owner for a request, None if none comes in time."""
