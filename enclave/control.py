"""The guest's control port: what the parent may say to a boot (`wire.control` has the protocol).

Hostile input: every frame is capped, every wait has a deadline, connections are few, and whatever is malformed is
answered with a code and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import structlog

from attestation import cbor
from attestation.limits import Limits
from enclave.errors import BootRefused
from wire.control import CONTROL_LIMITS
from wire.errors import FrameError
from wire.streams import read_frame, write_frame

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Mapping

    from wire.sockets import Listener

    Methods = Mapping[str, Callable[[Any], Awaitable[Any]]]

_log = structlog.get_logger()
_MESSAGE = Limits(document_bytes=CONTROL_LIMITS.frame_bytes)
_CONNECTIONS = 8
_SECONDS = 10.0


async def serve(listener: Listener, methods: Methods, *, seconds: float = _SECONDS) -> None:
    """Answer calls until cancelled."""
    places = asyncio.Semaphore(_CONNECTIONS)
    async with asyncio.TaskGroup() as tasks:
        while True:
            await places.acquire()
            connection = await listener.accept()
            tasks.create_task(_converse(connection, methods, seconds)).add_done_callback(lambda _: places.release())


async def _converse(connection: socket.socket, methods: Methods, seconds: float) -> None:
    reader, writer = await asyncio.open_connection(sock=connection)
    with contextlib.suppress(OSError, FrameError, TimeoutError):
        async with asyncio.timeout(seconds):
            frame = await read_frame(reader, limits=CONTROL_LIMITS)
        if frame is not None:
            answer = await _answer(frame, methods)
            async with asyncio.timeout(seconds):
                await write_frame(writer, cbor.encode(answer), limits=CONTROL_LIMITS)
    writer.close()


async def _answer(frame: bytes, methods: Methods) -> dict[str, Any]:
    try:
        question = cbor.decode(frame, limits=_MESSAGE)
    except cbor.CborError as error:
        return _error(None, "bad-request", f"a call is CBOR: {error}")
    if not isinstance(question, dict) or set(question) != {"id", "method", "params"}:
        return _error(None, "bad-request", "a call has exactly the fields id, method and params")
    number, name = question["id"], question["method"]
    method = methods.get(name) if isinstance(name, str) else None
    if method is None or not isinstance(name, str):
        return _error(number, "unknown-method", f"known are {', '.join(sorted(methods))}")
    try:
        return {"id": number, "result": await method(question["params"])}
    except BootRefused as error:
        return _error(number, "refused", str(error))
    except Exception as error:  # noqa: BLE001 - whatever the parent says, the supervisor goes on
        _log.error("call-failed", method=name, error=type(error).__name__)
        return _error(number, "internal", f"{name} failed; the enclave's log says why")


def _error(number: Any, code: str, message: str) -> dict[str, Any]:
    return {"id": number, "error": {"code": code, "message": message}}
