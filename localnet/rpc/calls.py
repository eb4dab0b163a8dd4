"""What every call has in common: errors become status codes, and what was not foreseen becomes a logged INTERNAL."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import grpc
import structlog

from localnet.ledger import LedgerError
from localnet.rpc.errors import RpcError, from_ledger, from_sui
from sui.errors import SuiError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from grpc.aio import ServicerContext

_S = TypeVar("_S")
_Q = TypeVar("_Q")
_R = TypeVar("_R")
_log = structlog.get_logger(part="localnet-rpc")


async def _abort(context: ServicerContext[Any, Any], error: Exception, method: str) -> NoReturn:
    if isinstance(error, LedgerError):
        error = from_ledger(error)
    elif isinstance(error, SuiError):
        error = from_sui(error)
    if isinstance(error, RpcError):
        await context.abort(error.code, str(error))
    _log.error("call-failed", method=method, error=f"{type(error).__name__}: {error}", exc_info=error)
    await context.abort(grpc.StatusCode.INTERNAL, f"{method} failed unexpectedly ({type(error).__name__}): see the log")


def unary(
    handler: Callable[[_S, _Q, ServicerContext[Any, Any]], Awaitable[_R]],
) -> Callable[[_S, _Q, ServicerContext[Any, Any]], Awaitable[_R]]:
    """Wrap a method with one answer."""

    @functools.wraps(handler)
    async def call(self: _S, request: _Q, context: ServicerContext[Any, Any]) -> _R:
        """Answer, or abort with a status."""
        try:
            return await handler(self, request, context)
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001 - the last line before the wire
            await _abort(context, error, handler.__name__)

    return call


def streaming(
    handler: Callable[[_S, _Q, ServicerContext[Any, Any]], AsyncIterator[_R]],
) -> Callable[[_S, _Q, ServicerContext[Any, Any]], AsyncIterator[_R]]:
    """Wrap a method with a stream of answers."""

    @functools.wraps(handler)
    async def call(self: _S, request: _Q, context: ServicerContext[Any, Any]) -> AsyncIterator[_R]:
        """Stream answers, or abort with a status."""
        try:
            async for answer in handler(self, request, context):
                yield answer
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001 - the last line before the wire
            await _abort(context, error, handler.__name__)

    return call
