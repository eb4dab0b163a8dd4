"""The apiserver inside the enclave, over HTTPS with the admin kubeconfig.

Role: the real implementation of the `Apiserver` port: aiohttp, bytes in and bytes out.

Rules:
- A body is passed on exactly as it is: nothing is decompressed, no Accept-Encoding is added, no redirect followed.
- The user is impersonated by name alone: the apiserver adds `system:authenticated`, and no group comes from outside.
- A failure before the request was written is "unreachable", any other "cut": only the first may be tried again by
  whoever changes something.
- The kubeconfig is read again after a failure to connect: k3s may have begun anew.

It follows no rule of the contract; what may be asked is decided by its caller.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import tempfile
from typing import TYPE_CHECKING, Any

import aiohttp
import yaml
from yarl import URL

from enclave.execution_errors import (
    AnswerTooLargeError,
    ApiserverCutError,
    ApiserverError,
    ApiserverUnreachableError,
)
from enclave.execution_limits import LIMITS, ExecutionLimits
from enclave.execution_ports import Apiserver, Call, Reply, Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

_OWN_HEADERS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


def read_kubeconfig(path: Path, scratch: Path) -> tuple[str, ssl.SSLContext]:
    """Read the server's address and the client's credentials from an admin kubeconfig.

    Args:
        path: the kubeconfig, everything inside it.
        scratch: a private folder; the key stands there for a moment, because TLS contexts read files only.

    Raises:
        ApiserverUnreachableError: it is not there yet, or not what k3s writes.
    """
    try:
        document = yaml.safe_load(path.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        server = str(cluster["server"])
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        certificate = base64.b64decode(user["client-certificate-data"])
        key = base64.b64decode(user["client-key-data"])
        context = ssl.create_default_context(cadata=authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        with tempfile.NamedTemporaryFile(dir=scratch) as both:
            both.write(certificate + b"\n" + key)
            both.flush()
            context.load_cert_chain(both.name)
    except (OSError, ValueError, KeyError, IndexError, TypeError, yaml.YAMLError, ssl.SSLError) as error:
        raise ApiserverUnreachableError(
            "the admin kubeconfig is not there yet or not usable; k3s is starting"
        ) from error
    return server, context


class HttpsApiserver(Apiserver):
    """The apiserver that k3s serves on loopback."""

    def __init__(self, kubeconfig: Path, scratch: Path, limits: ExecutionLimits = LIMITS) -> None:
        """Connect when first asked.

        Args:
            kubeconfig: the admin kubeconfig that k3s writes.
            scratch: a private folder.
            limits: sizes and times.
        """
        self._kubeconfig = kubeconfig
        self._scratch = scratch
        self._limits = limits
        self._session: aiohttp.ClientSession | None = None
        self._server = ""

    async def call(self, call: Call, *, timeout_s: float) -> Reply:
        """Carry out one request."""
        try:
            async with asyncio.timeout(timeout_s), self._open(call) as response:
                body = await self._read_all(response)
                return Reply(response.status, _headers(response), body)
        except TimeoutError:
            raise ApiserverCutError("the apiserver did not answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ApiserverCutError(f"the connection to the apiserver broke: {type(error).__name__}") from error

    @contextlib.asynccontextmanager
    async def watch(self, call: Call, *, timeout_s: float) -> AsyncIterator[Watch]:
        """Carry out a request whose answer is a stream."""
        opened = self._open(call)
        try:
            async with asyncio.timeout(timeout_s):
                response = await opened.__aenter__()
        except TimeoutError:
            raise ApiserverCutError("the apiserver did not begin the watch in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ApiserverCutError(f"the connection to the apiserver broke: {type(error).__name__}") from error
        try:
            yield _HttpWatch(response, self._limits)
        finally:
            # A watch has no end to wait for: the connection is dropped, not drained.
            response.close()

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @contextlib.asynccontextmanager
    async def _open(self, call: Call) -> AsyncIterator[aiohttp.ClientResponse]:
        session = await self._connected()
        headers = [*call.headers]
        if call.user is not None:
            headers.append(("Impersonate-User", call.user))
        if call.audit_id:
            headers.append(("Audit-ID", call.audit_id))
        if call.body and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "application/json"))
        url = URL(self._server + call.target, encoded=True)
        try:
            response = await session.request(
                call.method,
                url,
                headers=headers,
                data=call.body or None,
                allow_redirects=False,
                skip_auto_headers=_OWN_HEADERS,
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            await self.close()
            raise ApiserverUnreachableError("the apiserver does not take connections; k3s may be restarting") from error
        try:
            yield response
        finally:
            response.release()

    async def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._server, context = read_kubeconfig(self._kubeconfig, self._scratch)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, limit=0, keepalive_timeout=30),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, connect=self._limits.connect_s),
                max_line_size=64 * 1024,
                max_field_size=64 * 1024,
                trust_env=False,
            )
        return self._session

    async def _read_all(self, response: aiohttp.ClientResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > self._limits.answer_bytes:
                response.close()
                raise AnswerTooLargeError(
                    f"the answer has more than {self._limits.answer_bytes} bytes; ask for less at once (--chunk-size)"
                )
            parts.append(part)
        return b"".join(parts)


class _HttpWatch(Watch):
    """One watch's response."""

    def __init__(self, response: aiohttp.ClientResponse, limits: ExecutionLimits) -> None:
        self._response = response
        self._limits = limits
        self.status = response.status
        self.headers = _headers(response)

    async def read(self) -> bytes:
        """The next piece, empty at the end."""
        try:
            return await self._response.content.read(self._limits.stream_piece_bytes)
        except (aiohttp.ClientError, OSError) as error:
            raise ApiserverCutError(f"the watch broke: {type(error).__name__}") from error


def _headers(response: aiohttp.ClientResponse) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in response.headers.items())


async def wait_for(
    apiserver: Apiserver, target: str, *, until: Callable[[], bool], sleep: Callable[[float], Any], pause_s: float
) -> None:
    """Ask for a target as the appliance until it answers 200, or `until` is true.

    Raises:
        ApiserverUnreachableError: `until` became true first.
    """
    while not until():
        with contextlib.suppress(ApiserverError):
            if (await apiserver.call(Call("GET", target), timeout_s=2.0)).status == 200:
                return
        await sleep(pause_s)
    raise ApiserverUnreachableError(f"the apiserver did not show {target} in time")
