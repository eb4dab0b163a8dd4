"""Everything that can go wrong in the gateway, by whose fault it is.

```
GatewayError
├── RequestError              the client's fault: repeat nothing, change the request
│   └── TargetError           the request line cannot be read in one way only
├── SupersededError           another enclave is the cluster's active one now, or the bond is gone: no request is taken
├── DeniedError               the contract aborted the transaction: nothing happened
├── GasError                  no coin to pay with: the payer's fault
├── AnswerError               an answer that does not check out: treated as no answer
├── ViolationError            what was sealed is not what its envelope says: the sender's fault, and it cost him
├── OverdueError              no answer came before the deadline
└── LocalError                the executor inside the enclave does not do its part
    ├── CrowdedError          it keeps as much for this token as it may
    ├── MissingBodyError      an answer's large body is not there any more
    ├── WrongLengthError      a large body has another length than was asked for
    └── StreamError           the stream broke off before its end
```
A ledger that cannot be reached or that leaves an outcome open is `chain.errors`' own: LedgerUnreachableError,
OutcomeUnknownError, TransactionRefusedError.
"""

from __future__ import annotations


class GatewayError(Exception):
    """Base of all errors of the gateway."""


class RequestError(GatewayError):
    """The client's request cannot be served as it is."""


class TargetError(RequestError):
    """Method and target cannot be read in one way only."""


class SupersededError(GatewayError):
    """The enclave that this gateway seals to is not the cluster's active one any more, or has no bond behind it."""


class DeniedError(GatewayError):
    """The contract aborted the transaction.

    Attributes:
        words: The reason in words, from the abort code.
        digest: The digest of the aborted transaction, as the ledger prints it.
        lasting: Whether the reason holds until the token changes (revoked, expired, no stake).
        command: Which command of a shared transaction aborted, or None if that is not known.
    """

    def __init__(self, words: str, digest: str, *, lasting: bool = False, command: int | None = None) -> None:
        """Keep the contract's words and the digest that proves them."""
        super().__init__(f"the contract denied the request: {words} (transaction {digest})")
        self.words = words
        self.digest = digest
        self.lasting = lasting
        self.command = command


class GasError(GatewayError):
    """Whoever pays has no coin left for the transaction; the message says who, and what he must do."""


class AnswerError(GatewayError):
    """A stored answer does not check out."""


class ViolationError(GatewayError):
    """The enclave proved that the sealed request is not what its envelope says; `lost` MIST of the stake are gone."""

    def __init__(self, lost: int) -> None:
        """Keep what it cost."""
        super().__init__(
            "violation: the sealed request is not what its transaction says; it was not carried out, and a part of "
            f"the token's stake was lost ({lost} MIST)"
        )
        self.lost = lost


class OverdueError(GatewayError):
    """No answer was stored before the request's deadline and answer window had passed."""


class LocalError(GatewayError):
    """The executor did not do its part."""


class CrowdedError(LocalError):
    """The enclave keeps or does as much for this token at a time as it may."""


class MissingBodyError(LocalError):
    """The sealed body of an answer is not kept any more."""


class WrongLengthError(LocalError):
    """The sealed body of an answer has another length than was asked for."""


class StreamError(LocalError):
    """A stream broke off before its end."""
