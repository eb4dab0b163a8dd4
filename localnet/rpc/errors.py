"""Errors of the gRPC shell: each is one status code.

RpcError                    anything below
├── InvalidArgumentError    INVALID_ARGUMENT: the request cannot be understood, or the transaction was refused
├── NotFoundError           NOT_FOUND: there is no such thing
├── OutOfRangeError         OUT_OF_RANGE: a cursor that is not of this ledger
├── UnimplementedError      UNIMPLEMENTED: a part of the protocol that this ledger does not have
├── SlowReaderError         RESOURCE_EXHAUSTED: a subscriber fell too far behind; list the gap, subscribe again
└── NotSealedError          UNAVAILABLE: executed, but in no checkpoint yet when waiting ended; ask again
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from localnet.ledger import LedgerError, LookupFailed, RejectedTransaction, SignatureRejected

if TYPE_CHECKING:
    from sui.errors import SuiError


class RpcError(Exception):
    """Root of everything that a call is answered with instead of a response."""

    code = grpc.StatusCode.INTERNAL


class InvalidArgumentError(RpcError):
    """The request, or the transaction in it, is at fault."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class NotFoundError(RpcError):
    """What was asked for does not exist."""

    code = grpc.StatusCode.NOT_FOUND


class OutOfRangeError(RpcError):
    """The cursor lies outside this ledger."""

    code = grpc.StatusCode.OUT_OF_RANGE


class UnimplementedError(RpcError):
    """This ledger does not have that part of the protocol."""

    code = grpc.StatusCode.UNIMPLEMENTED


class SlowReaderError(RpcError):
    """The subscriber reads more slowly than checkpoints come."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class NotSealedError(RpcError):
    """No checkpoint held the transaction in time."""

    code = grpc.StatusCode.UNAVAILABLE


def from_ledger(error: LedgerError) -> RpcError:
    """Return the answer for an error of the ledger, in a node's words."""
    if isinstance(error, SignatureRejected):
        return InvalidArgumentError(f"Invalid user signature: {error}")
    if isinstance(error, RejectedTransaction):
        return InvalidArgumentError(
            "Transaction execution failed due to issues with transaction inputs, "
            f"please review the errors and try again: {error}."
        )
    if isinstance(error, LookupFailed):
        return InvalidArgumentError(str(error))
    return RpcError(str(error))


def from_sui(error: SuiError) -> RpcError:
    """Return the answer for a text or bytes in the request that could not be read."""
    return InvalidArgumentError(str(error))
