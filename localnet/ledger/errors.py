"""Errors of the ledger.

    LedgerError                     anything below
    ├── RejectedTransaction         a transaction that a node refuses before executing it; nothing changed, no gas taken
    │   ├── MalformedTransaction    its bytes are not a TransactionData (the client's fault)
    │   ├── SignatureRejected       a signature is missing, foreign or wrong (the client's fault)
    │   ├── UserInputError          the checks of its inputs, gas and sizes (the client's fault: rebuild it)
    │   │   └── StaleObject         an input was changed by another transaction since (rebuild with its current version)
    │   └── TransactionExpired      its expiration lies in the past (sign a new one)
    ├── LookupFailed                what was asked for does not exist, or the question makes no sense
    └── StateError                  the state directory is not usable, or of another network (the operator's fault)

A transaction that *executes* and fails is no exception: it is an `ExecutedTransaction` whose effects say so, and it
pays for its gas. The texts are those of a Sui node, so that clients which read them work unchanged.
"""


class LedgerError(Exception):
    """Root of everything that the ledger raises on purpose."""


class RejectedTransaction(LedgerError):  # noqa: N818 - the tree says which ones are errors
    """The transaction was refused before execution; nothing changed."""


class MalformedTransaction(RejectedTransaction):
    """The bytes are not a transaction, or of a kind that users cannot send."""


class SignatureRejected(RejectedTransaction):
    """A required signature is missing, does not verify, or is of somebody else."""


class UserInputError(RejectedTransaction):
    """An input object, the gas or a size breaks a rule that is checked before execution."""


class StaleObject(UserInputError):  # noqa: N818
    """An owned input is no longer at the version that the transaction names."""


class TransactionExpired(RejectedTransaction):
    """The transaction may no longer be executed."""


class LookupFailed(LedgerError):  # noqa: N818
    """The question cannot be answered: a bad cursor, or something that does not exist."""


class StateError(LedgerError):
    """The state directory cannot be opened or belongs to another network."""
