"""The side door's rules: who comes in with which ticket, and how much he may have at a time.

Role: gateways outside the enclave bring payloads, fetch answers, read streams and ask what needs no transaction, each
with a ticket that a token's owner signed (`chain.tickets`). This decides about one visit, in this order:

(1) there is a ticket (401); (2) its token is known, it is for this enclave, and the token's owner signed it (403);
(3) it opens what is asked for (403); (4) it is valid now, and the token is (403); (5) its length may be (400);
(6) its token has room (429).

Rules:
- A stranger hears the same words whatever is wrong with his ticket; reasons are told to the owner only.
- What is under way is counted by what the ticket says, before a byte of it is read.
- A denial costs nothing on the chain.

It does no I/O: that is `enclave.door_server`. What waits for its request is counted by the executor.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chain.errors import TicketError, TicketExpiredError
from chain.tickets import TICKET_SCHEME, TicketPurpose, TicketScope, parse_ticket
from enclave.door_limits import DOOR_LIMITS, DoorLimits
from gateway.identity import Identity
from gateway.limits import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chain.tickets import TicketStatement
    from chain.tokens import SealToken
    from gateway.limits import Limits
    from gateway.messages import Headers
    from gateway.view import ClusterView

NO_TICKET: Final = "a ticket of a seal token's owner is needed here; `k3s-daas proxy` makes them"
"""What is said to whoever shows nothing that could be a ticket."""

OPENS_NOTHING: Final = "this ticket opens nothing here"
"""What is said of every ticket that is not its token's owner's, or not for here."""


class DoorRefusal(Exception):  # noqa: N818 - a way out of the steps, not an error
    """A visit is refused; the message may be shown."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the HTTP status beside the words."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody with a ticket of his own.

    Attributes:
        identity: The token and its owner.
        ticket: What he may have.
    """

    identity: Identity
    ticket: TicketStatement

    @property
    def purpose(self) -> TicketPurpose:
        """What he comes for."""
        return TicketPurpose(self.ticket.purpose)


class Door:
    """Decides about visits, and counts those that are under way."""

    def __init__(
        self,
        view: ClusterView,
        *,
        now_ms: Callable[[], int],
        monotonic: Callable[[], float],
        rates: Limits,
        limits: DoorLimits = DOOR_LIMITS,
    ) -> None:
        """Begin with nobody inside.

        Args:
            view: Our authenticated copy of enclave and tokens.
            now_ms: The ledger's time.
            monotonic: Seconds of a clock that never goes back.
            rates: Requests a second, and streams.
            limits: Everything else.
        """
        self._view = view
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._meter = Meter(rates)
        self.limits = limits
        self._inside: Counter[tuple[TicketPurpose, bytes]] = Counter()
        self._everyone: Counter[TicketPurpose] = Counter()
        self._put_bytes: Counter[bytes] = Counter()

    def greet(self, headers: Headers) -> Visit:
        """Steps 1 and 2: find out whose ticket it is.

        Raises:
            DoorRefusal: It is nobody's.
            chain.errors.ChainError: The events have not told enough yet.
        """
        view = self._view
        enclave = view.own_enclave()
        values = [value for name, value in headers if name.lower() == "authorization"]
        scheme, _, text = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        if scheme.lower() != TICKET_SCHEME.lower():
            raise DoorRefusal(401, NO_TICKET)
        try:
            ticket = parse_ticket(text.strip())
        except TicketError:
            raise DoorRefusal(401, NO_TICKET) from None
        token = view.tokens.get(ticket.statement.token)
        if token is None:
            raise DoorRefusal(403, OPENS_NOTHING)
        try:
            ticket.check(TicketScope(view.chain_id, view.package, view.cluster, enclave), token.public_key)
        except TicketError:
            raise DoorRefusal(403, OPENS_NOTHING) from None
        self._check_time(ticket.check_time, token)
        return Visit(Identity(token.token, token.owner, None, token.at(self._now_ms())), ticket.statement)

    def check(self, visit: Visit, purpose: TicketPurpose, subject: bytes | None) -> None:
        """Steps 3 and 5: the ticket opens what is asked for; a subject that is not known yet is None.

        Raises:
            DoorRefusal: It opens something else.
        """
        if visit.purpose is not purpose:
            raise DoorRefusal(403, f"this ticket is for another purpose: {visit.purpose}")
        if subject is not None:
            self.check_subject(visit, subject)
        most = {
            TicketPurpose.PUT: self.limits.put_bytes,
            TicketPurpose.FETCH: self.limits.fetch_bytes,
            TicketPurpose.LOCAL: self.limits.local_bytes,
            TicketPurpose.STREAM: 0,
        }[purpose]
        if visit.ticket.length > most:
            raise DoorRefusal(400, f"this ticket is for {visit.ticket.length} bytes; at most {most} are taken")

    @staticmethod
    def check_subject(visit: Visit, subject: bytes) -> None:
        """Step 3 for what is known only once it was read.

        Raises:
            DoorRefusal: The ticket is for something else.
        """
        if visit.ticket.subject != subject:
            raise DoorRefusal(403, "this ticket is for something else of the same kind")

    @contextlib.contextmanager
    def room(self, visit: Visit) -> Iterator[None]:
        """Step 6: take room for a visit, and give it back when it is over.

        Raises:
            DoorRefusal: There is none.
        """
        purpose, token, length = visit.purpose, bytes(visit.identity.token), visit.ticket.length
        self._check_room(purpose, token, length)
        stream = purpose is TicketPurpose.STREAM
        full = self._meter.enter(token, self._monotonic(), stream=stream)
        if full is not None:
            raise DoorRefusal(429, f"{full}; try again")
        put = length if purpose is TicketPurpose.PUT else 0
        self._inside[purpose, token] += 1
        self._everyone[purpose] += 1
        self._put_bytes[token] += put
        try:
            yield
        finally:
            self._meter.leave(token, stream=stream)
            self._everyone[purpose] -= 1
            self._inside[purpose, token] -= 1
            self._put_bytes[token] -= put
            if not self._inside[purpose, token]:
                del self._inside[purpose, token]
            if not self._put_bytes[token]:
                del self._put_bytes[token]

    def _check_room(self, purpose: TicketPurpose, token: bytes, length: int) -> None:
        limits = self.limits
        most = {
            TicketPurpose.PUT: (limits.token_puts, None),
            TicketPurpose.FETCH: (limits.token_fetches, limits.all_fetches),
            TicketPurpose.LOCAL: (limits.token_locals, limits.all_locals),
            TicketPurpose.STREAM: (None, None),
        }[purpose]
        if most[0] is not None and self._inside[purpose, token] >= most[0]:
            raise DoorRefusal(429, f"this token already has {most[0]} visits of this kind under way; try again")
        if most[1] is not None and self._everyone[purpose] >= most[1]:
            raise DoorRefusal(429, "too many visits of this kind are under way; try again")
        if purpose is not TicketPurpose.PUT:
            return
        if self._put_bytes[token] + length > limits.token_put_bytes:
            raise DoorRefusal(429, f"this token already has {self._put_bytes[token]} bytes under way; try again")
        if self._put_bytes.total() + length > limits.all_put_bytes:
            raise DoorRefusal(429, "too many payloads are under way; try again")

    def _check_time(self, check: Callable[[int, int], None], token: SealToken) -> None:
        """Step 4."""
        now_ms = self._now_ms()
        try:
            check(now_ms, self.limits.ticket_ahead_ms)
        except TicketExpiredError as error:
            raise DoorRefusal(403, str(error)) from None
        if token.revoked or (token.expires_at and token.expires_at <= now_ms):
            raise DoorRefusal(403, f"the seal token {token.token} is revoked or has expired")
