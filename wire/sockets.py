"""Listening and connecting sockets, all as plain non-blocking `socket` objects for asyncio.

A `Listener` gives accepted sockets one by one; what it listens on (TCP, UNIX, AF_VSOCK, handed-over descriptors) is
its own affair.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import stat
from typing import TYPE_CHECKING, Protocol

from wire.errors import ConnectFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BACKLOG = 128
_PAUSE_WHEN_FULL_S = 0.05


class Listener(Protocol):
    """Gives connected sockets to whoever asks for the next one."""

    async def accept(self) -> socket.socket:
        """Wait for the next connection."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class SocketListener:
    """A listening socket; peers that `accepts_peer` refuses are dropped unheard."""

    def __init__(
        self,
        listening: socket.socket,
        *,
        accepts_peer: Callable[[object], bool] | None = None,
        path: Path | None = None,
    ) -> None:
        """Take over `listening`; `path` is removed on close."""
        listening.setblocking(False)
        self.socket = listening
        self._accepts_peer = accepts_peer
        self._path = path

    async def accept(self) -> socket.socket:
        """Wait for the next connection; out of descriptors, wait for some to come free."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(self.socket)
            except OSError:
                if self.socket.fileno() < 0:
                    raise
                await asyncio.sleep(_PAUSE_WHEN_FULL_S)
                continue
            if self._accepts_peer is None or self._accepts_peer(peer):
                return connection
            connection.close()

    def close(self) -> None:
        """Stop listening and remove the socket's file."""
        self.socket.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()


def listen_tcp(host: str, port: int) -> SocketListener:
    """Listen on a TCP address; port 0 takes a free one.

    Raises:
        ConnectFailed: the address is taken or not ours; the message says which.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise ConnectFailed(f"cannot listen on {host}:{port}: {error.strerror}; choose another address") from None
    return SocketListener(listening)


def listen_unix(path: Path, *, mode: int = 0o600) -> SocketListener:
    """Listen on a UNIX socket; a dead socket that lies there is replaced, anything else is not.

    The socket appears under its name when it listens, so whoever finds it can connect.

    Raises:
        ConnectFailed: something else lies there, or the folder does not allow it.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        there = _mode_of(path)
        if there and not stat.S_ISSOCK(there):
            raise FileExistsError(errno.EEXIST, "something that is no socket lies there")
        hidden = path.with_name(f".{path.name}")
        hidden.unlink(missing_ok=True)
        before = os.umask(0o777 & ~mode)
        try:
            listening.bind(os.fspath(hidden))
        finally:
            os.umask(before)
        hidden.chmod(mode)
        listening.listen(_BACKLOG)
        hidden.replace(path)
    except OSError as error:
        listening.close()
        raise ConnectFailed(f"cannot listen on {path}: {error.strerror or error}") from None
    return SocketListener(listening, path=path)


async def dial_tcp(host: str, port: int, *, timeout_s: float) -> socket.socket:
    """Connect to a TCP address, trying all that the name has.

    Raises:
        ConnectFailed: no address answered in time.
    """
    loop = asyncio.get_running_loop()
    reason = "the name has no address"
    try:
        async with asyncio.timeout(timeout_s):
            for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                connection = socket.socket(family, kind, protocol)
                connection.setblocking(False)
                try:
                    await loop.sock_connect(connection, address)
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                except OSError as error:
                    connection.close()
                    reason = error.strerror or str(error)
                except BaseException:
                    connection.close()
                    raise
                else:
                    return connection
    except TimeoutError:
        reason = f"no answer within {timeout_s} s"
    except OSError as error:
        reason = error.strerror or str(error)
    raise ConnectFailed(f"{host}:{port} cannot be reached: {reason}")


async def dial_unix(path: Path, *, timeout_s: float) -> socket.socket:
    """Connect to a UNIX socket.

    Raises:
        ConnectFailed: nobody listens there.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.get_running_loop().sock_connect(connection, os.fspath(path))
    except (OSError, TimeoutError) as error:
        connection.close()
        reason = getattr(error, "strerror", None) or "no answer"
        raise ConnectFailed(f"nobody answers at {path}: {reason}") from None
    except BaseException:
        connection.close()
        raise
    return connection


def _mode_of(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0
