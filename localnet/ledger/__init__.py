"""The Sui ledger without sockets: transactions in, effects, objects, events and checkpoints out.

Example:
    ledger = Ledger(":memory:", seed=1, finality_ms=0, clock=lambda: 1_700_000_000_000)
    coins = ledger.faucet(address, [1_000_000_000])          # an ordinary transaction of the genesis key
    done = ledger.execute(transaction_bytes, [signature])    # durable and in a checkpoint when it returns
    ledger.list_events(EventFilter(sender=address))

Everything is synchronous and meant to be called from one thread. What it does not do: gRPC (see `localnet.rpc`),
networking, consensus between several nodes.
"""

from localnet.ledger.errors import (
    LedgerError,
    LookupFailed,
    MalformedTransaction,
    RejectedTransaction,
    SignatureRejected,
    StaleObject,
    StateError,
    TransactionExpired,
    UserInputError,
)
from localnet.ledger.ledger import Ledger
from localnet.ledger.limits import LIMITS, ProtocolLimits
from localnet.ledger.records import (
    Balance,
    CheckpointRecord,
    CommandOutput,
    EpochInfo,
    EventCursor,
    EventFilter,
    EventPage,
    ExecutedTransaction,
    LedgerEvent,
    ObjectRecord,
    OutputValue,
    Page,
    ServiceInfo,
    SimulatedTransaction,
)

__all__ = [
    "LIMITS",
    "Balance",
    "CheckpointRecord",
    "CommandOutput",
    "EpochInfo",
    "EventCursor",
    "EventFilter",
    "EventPage",
    "ExecutedTransaction",
    "Ledger",
    "LedgerError",
    "LedgerEvent",
    "LookupFailed",
    "MalformedTransaction",
    "ObjectRecord",
    "OutputValue",
    "Page",
    "ProtocolLimits",
    "RejectedTransaction",
    "ServiceInfo",
    "SignatureRejected",
    "SimulatedTransaction",
    "StaleObject",
    "StateError",
    "TransactionExpired",
    "UserInputError",
]
