"""Tickets: how a token's owner asks an enclave for what travels beside the chain.

Role: build, sign, write and read what a gateway outside the enclave shows at the enclave's side door: one ticket for
each sealed payload that it puts there, each sealed answer that it fetches, each stream that it opens, and each request
that needs no transaction.

Rules: a ticket names chain, package, cluster, enclave, token, one purpose, one subject (a hash or an id), a length and
a deadline, and is signed by the token's owner. It travels under the enclave's TLS only and never on chain. It may be
shown again until its deadline: all that it opens can be done twice without harm.

It does not say whether the token is usable, nor how much of anything there may be: the enclave's side door does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chain.errors import PayloadError, TicketExpiredError, TicketMalformedError, TicketUntrustedError
from chain.limits import LIMITS, Limits
from chain.payload import Header
from chain.statements import signature_holds
from sui.bcs import ADDRESS, BYTES, STRING, U64, bounded_bytes, mapped, struct, tuple_of, vector
from sui.errors import BcsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sui.bcs import Codec
    from sui.types import Address

TICKET_DOMAIN: Final = b"k3s-daas::ticket::v1"
"""Domain of a signed ticket."""

DOOR_PATH: Final = "/k3s-daas/v1/"
"""Where the side door lies on the enclave's TLS, beside the Kubernetes API."""

TICKET_SCHEME: Final = "Ticket"
"""The scheme of the `Authorization` header that a ticket travels in."""

_SUBJECT_BYTES: Final = 32
_SHORT = bounded_bytes(64)


class TicketPurpose(StrEnum):
    """What a ticket opens."""

    PUT = "put"
    FETCH = "fetch"
    STREAM = "stream"
    LOCAL = "local"


@dataclass(frozen=True)
class TicketScope:
    """What a ticket must name to be good here."""

    chain_id: bytes
    package: Address
    cluster: Address
    enclave: Address


@dataclass(frozen=True)
class TicketStatement:
    """What a token's owner signs.

    Attributes:
        domain: `TICKET_DOMAIN`.
        chain_id: the genesis checkpoint's digest.
        package: the contract's original package id.
        cluster: the cluster.
        enclave: the enclave whose door it opens.
        token: the seal token.
        purpose: a word of `TicketPurpose`.
        subject: the payload's hash, the body's hash, the request's id, or `LocalCall.subject`.
        length: how many bytes are put, fetched, or sent for a local call; 0 for a stream.
        deadline: the ledger's time from which it opens nothing.
    """

    domain: bytes
    chain_id: bytes
    package: Address
    cluster: Address
    enclave: Address
    token: Address
    purpose: str
    subject: bytes
    length: int
    deadline: int


TICKET_STATEMENT: Codec[TicketStatement] = struct(
    TicketStatement,
    domain=_SHORT,
    chain_id=_SHORT,
    package=ADDRESS,
    cluster=ADDRESS,
    enclave=ADDRESS,
    token=ADDRESS,
    purpose=STRING,
    subject=_SHORT,
    length=U64,
    deadline=U64,
)
"""BCS of a ticket statement."""


@dataclass(frozen=True)
class Ticket:
    """A statement with its owner's signature."""

    statement: TicketStatement
    signature: bytes

    @property
    def text(self) -> str:
        """The compact form that goes into the header."""
        return base64.urlsafe_b64encode(_TICKET.encode(self)).rstrip(b"=").decode()

    @property
    def purpose(self) -> TicketPurpose:
        """What it opens."""
        return TicketPurpose(self.statement.purpose)

    def check(self, scope: TicketScope, public_key: bytes) -> None:
        """Check whose it is and where it is good, in this order.

        (1) chain, package, cluster and enclave are ours; (2) the token's owner signed it.

        Args:
            scope: what it must name.
            public_key: the token owner's key, from authenticated events.

        Raises:
            TicketUntrustedError: a step does not hold.
        """
        told = self.statement
        if TicketScope(told.chain_id, told.package, told.cluster, told.enclave) != scope:
            raise TicketUntrustedError("the ticket is for another chain, package, cluster or enclave")
        if not signature_holds(public_key, self.signature, TICKET_STATEMENT.encode(told)):
            raise TicketUntrustedError("the ticket is not signed by the token's owner")

    def check_time(self, now_ms: int, ahead_ms: int) -> None:
        """Check that it is valid now, and that its deadline lies no further ahead than it may.

        Raises:
            TicketExpiredError: it is not.
        """
        if now_ms >= self.statement.deadline:
            raise TicketExpiredError("the ticket has expired; sign a new one")
        if self.statement.deadline > now_ms + ahead_ms:
            raise TicketExpiredError(
                f"the ticket's deadline lies more than {ahead_ms // 1000} s ahead; sign a shorter one"
            )


_TICKET: Codec[Ticket] = struct(Ticket, statement=TICKET_STATEMENT, signature=bounded_bytes(64))


def make_ticket(
    scope: TicketScope,
    token: Address,
    *,
    purpose: TicketPurpose,
    subject: bytes,
    length: int,
    deadline: int,
    sign: Callable[[bytes], bytes],
) -> Ticket:
    """Build and sign a ticket.

    Args:
        scope: chain, package, cluster and enclave.
        token: the seal token.
        purpose: what it opens.
        subject: 32 bytes that name what exactly.
        length: how many bytes; 0 for a stream.
        deadline: Unix milliseconds, in the ledger's time.
        sign: the owner's raw Ed25519 signature over bytes.

    Raises:
        TicketMalformedError: the subject is no hash and no id.
    """
    if len(subject) != _SUBJECT_BYTES:
        raise TicketMalformedError(f"a ticket's subject has {_SUBJECT_BYTES} bytes")
    statement = TicketStatement(
        domain=TICKET_DOMAIN,
        chain_id=scope.chain_id,
        package=scope.package,
        cluster=scope.cluster,
        enclave=scope.enclave,
        token=token,
        purpose=purpose.value,
        subject=subject,
        length=length,
        deadline=deadline,
    )
    return Ticket(statement, sign(TICKET_STATEMENT.encode(statement)))


def parse_ticket(text: str, limits: Limits = LIMITS) -> Ticket:
    """Read a ticket's text; nothing in it is believed before `Ticket.check`.

    Raises:
        TicketMalformedError: it is not a ticket.
    """
    if len(text) > limits.ticket_text_bytes:
        raise TicketMalformedError("the text is too long to be a ticket")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        ticket = _TICKET.decode(raw)
    except (binascii.Error, ValueError, BcsError) as error:
        raise TicketMalformedError("the text is not a ticket") from error
    statement = ticket.statement
    if ticket.text != text:
        raise TicketMalformedError("the ticket is not in its one canonical form")
    if statement.domain != TICKET_DOMAIN or statement.purpose not in set(TicketPurpose):
        raise TicketMalformedError("the ticket is of another version or product")
    if len(ticket.signature) != 64 or len(statement.subject) != _SUBJECT_BYTES:
        raise TicketMalformedError("the ticket's signature or subject has another length")
    return ticket


@dataclass(frozen=True)
class LocalCall:
    """A request that needs no transaction, as it travels to the side door."""

    method: str
    target: str
    headers: tuple[Header, ...]
    body: bytes

    def __repr__(self) -> str:
        """Show no body."""
        return f"LocalCall({self.method} {self.target})"

    @property
    def subject(self) -> bytes:
        """What a ticket for it names: SHA-256 over the BCS of method, target and body."""
        return hashlib.sha256(_ASKED.encode((self.method, self.target, self.body))).digest()


_ASKED: Codec[tuple[str, str, bytes]] = tuple_of(STRING, STRING, BYTES)
_HEADER: Codec[Header] = mapped(tuple_of(STRING, STRING), lambda pair: Header(*pair), tuple, "Header")
_LOCAL_CALL: Codec[LocalCall] = struct(
    LocalCall, method=STRING, target=STRING, headers=vector(_HEADER, max_len=LIMITS.header_count), body=BYTES
)


def encode_local_call(call: LocalCall) -> bytes:
    """Encode a local call."""
    return _LOCAL_CALL.encode(call)


def decode_local_call(data: bytes) -> LocalCall:
    """Decode a local call.

    Raises:
        PayloadError: it is none.
    """
    try:
        return _LOCAL_CALL.decode(data)
    except BcsError as error:
        raise PayloadError("these bytes are not a local call; the gateway that sent them is broken") from error
