"""What the parent says to a booting enclave on its control port, and what it hears.

One call a connection: a frame of CBOR {id, method, params} there, one of {id, result} or {id, error: {code, message}}
back. Nothing here is secret and nothing is trusted: the parameters are bound by the attestation document, the
activation is a hint that the enclave checks on the ledger. Bytes are written in hexadecimal.

Methods: `boot` {chain_id, package, cluster, configuration, challenge} once; `activate` {enclave, epoch}, a hint;
`status` {} gives {stage, waiting_for, ready, failed, separate_uids, processes}; `give_back` {to} returns the gas to the
operator and gives {digest}; `stop` {} ends in order.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import cbor2

from wire.errors import FrameError, IpcError, IpcLost
from wire.frames import FrameLimits
from wire.streams import read_frame, write_frame

if TYPE_CHECKING:
    from wire.vsock import Vsock

GATEWAY_PORT = 5000
"""Guest port: TLS of kubectl."""
ATTESTATION_PORT = 5001
"""Guest port: documents, manifest and CA, in plain HTTP."""
CONTROL_PORT = 5002
"""Guest port: this protocol."""
LEDGER_PORT = 8001
"""Host port: the parent's relay to the ledger."""

CONTROL_LIMITS = FrameLimits(frame_bytes=65_536)


async def call(vsock: Vsock, method: str, params: dict[str, Any] | None = None, *, timeout_s: float = 15.0) -> Any:
    """Call a method of the enclave's control port and return its result.

    Raises:
        ConnectFailed: the enclave does not listen (yet).
        IpcError: it refused, with a code.
        IpcLost: no answer came, or one that is none.
    """
    connection = await vsock.connect(CONTROL_PORT)
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        async with asyncio.timeout(timeout_s):
            question = cbor2.dumps({"id": 1, "method": method, "params": params or {}})
            await write_frame(writer, question, limits=CONTROL_LIMITS)
            frame = await read_frame(reader, limits=CONTROL_LIMITS)
        return _result(frame)
    except (TimeoutError, OSError, FrameError, ValueError, cbor2.CBORError):
        raise IpcLost(f"the enclave's control port gave no answer to {method}") from None
    finally:
        writer.close()


def _result(frame: bytes | None) -> Any:
    answer = cbor2.loads(frame) if frame is not None else None
    if not isinstance(answer, dict):
        raise ValueError("no answer")  # noqa: TRY004 - the caller turns it into one kind of loss
    error = answer.get("error")
    if isinstance(error, dict):
        raise IpcError(str(error.get("code")), str(error.get("message")))
    return answer.get("result")
