"""The gRPC shell of the ledger: `sui.rpc.v2` in front of `localnet.ledger.Ledger`.

Rules:
    * nothing is decided here: what a transaction may do is the ledger's, this turns messages into its calls and its
      records into messages;
    * an answer holds what the read mask asks for, and no work is done for what it does not;
    * one event loop, one thread: ledger calls are short and never awaited in the middle;
    * errors leave as the gRPC status codes that a node gives.
"""

from localnet.rpc.limits import LIMITS, Limits
from localnet.rpc.server import RpcServer

__all__ = ["LIMITS", "Limits", "RpcServer"]
