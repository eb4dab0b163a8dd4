"""The errors of `chain`, split by whose fault it is and what to do.

    ChainError
     ├─ LedgerError               the ledger, or the way to it
     │   ├─ LedgerUnreachableError    nobody answered; nothing was changed by us; try again
     │   ├─ OutcomeUnknownError       a transaction was sent and no outcome came back; look it up by digest
     │   ├─ TransactionRefusedError   the node refused the transaction before executing it; it costs nothing
     │   ├─ NotFoundError             the ledger has no such object, transaction or function
     │   ├─ CursorExpiredError        the node no longer holds the events after this cursor
     │   └─ BadLedgerAnswerError      the node's answer is not what its interface promises
     ├─ DeniedError               executed and aborted: the contract said no (gas is spent, nothing else changed)
     ├─ UnauthenticError          what a node vouches for fails one of our own checks: it lies or is broken
     ├─ CannotOpenError           sealed bytes that do not open under this key and context
     ├─ PayloadError              bytes that are not the structure they should be, or too large
     ├─ GrantError                a bearer that opens nothing
     │   ├─ GrantMalformedError       not a grant at all
     │   ├─ GrantUntrustedError       wrong signature, secret, delegate, cluster or chain
     │   └─ GrantExpiredError         outside its own time window
     ├─ TicketError               a ticket that opens nothing
     │   ├─ TicketMalformedError      not a ticket at all
     │   ├─ TicketUntrustedError      wrong signature, enclave, cluster, package or chain
     │   └─ TicketExpiredError        past its deadline, or its deadline too far ahead
     ├─ RuleSyntaxError           a rule text that a person wrote wrongly
     ├─ SettingsError             a configuration or cluster file that cannot be used
     └─ VerificationError         a numbered verification step that does not hold

Each message says what happened, whose fault it is and what to do next; none contains a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sui.types import Digest


class ChainError(Exception):
    """Anything that went wrong between our contract and its client."""


class LedgerError(ChainError):
    """The ledger, or the way to it, did not do its part."""


class LedgerUnreachableError(LedgerError):
    """Nobody answered in time; this call changed nothing."""


class OutcomeUnknownError(LedgerError):
    """A transaction was sent and no outcome came back; it may have been executed."""

    def __init__(self, message: str, digest: Digest) -> None:
        """Keep the digest under which the outcome can be looked up."""
        super().__init__(message)
        self.digest = digest


class TransactionRefusedError(LedgerError):
    """The node refused the transaction before execution: nothing was spent."""


class NotFoundError(LedgerError):
    """The ledger has no such object, transaction or function."""


class CursorExpiredError(LedgerError):
    """The node no longer holds the events that follow this cursor."""


class BadLedgerAnswerError(LedgerError):
    """The node's answer is not what its interface promises."""


class DeniedError(ChainError):
    """The transaction was executed and aborted: the contract denied it."""

    def __init__(
        self,
        message: str,
        *,
        digest: Digest | None,
        module: str | None = None,
        function: str | None = None,
        code: int | None = None,
        command: int | None = None,
    ) -> None:
        """Keep where the abort came from; `digest` is None for a simulation."""
        super().__init__(message)
        self.digest = digest
        self.module = module
        self.function = function
        self.code = code
        self.command = command


class UnauthenticError(ChainError):
    """What a node vouches for fails one of our own checks."""

    def __init__(self, step: str, reason: str) -> None:
        """Name the check that failed first."""
        super().__init__(f"{step}: {reason}; the node that sent this lies or is broken, nothing was done")
        self.step = step
        self.reason = reason


class CannotOpenError(ChainError):
    """Sealed bytes do not open under this key and context."""


class PayloadError(ChainError):
    """Bytes are not the structure they should be, or too large."""


class GrantError(ChainError):
    """A bearer opens nothing."""


class GrantMalformedError(GrantError):
    """The bearer text is not a grant at all."""


class GrantUntrustedError(GrantError):
    """The grant's signature, secret, delegate, cluster or chain is not the right one."""


class GrantExpiredError(GrantError):
    """The grant is not valid at this time."""


class TicketError(ChainError):
    """A ticket opens nothing."""


class TicketMalformedError(TicketError):
    """The text is not a ticket at all."""


class TicketUntrustedError(TicketError):
    """The ticket's signature, enclave, cluster, package or chain is not the right one."""


class TicketExpiredError(TicketError):
    """The ticket is not valid at this time."""


class RuleSyntaxError(ChainError):
    """A rule text cannot be read."""


class SettingsError(ChainError):
    """A configuration or cluster file cannot be used."""


class VerificationError(ChainError):
    """A numbered verification step does not hold."""

    def __init__(self, step: str, reason: str) -> None:
        """Name the step that failed."""
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason
