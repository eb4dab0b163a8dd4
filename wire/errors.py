"""Everything that can go wrong on the wire.

::

    WireError
    ├── FrameError            the peer: a frame too long, empty, or cut off
    ├── ConnectFailed         nobody answers there, or not in time
    ├── AddressInvalid        the caller: not an address that this package knows
    ├── IpcError              the peer answered the call with an error; has a code
    └── IpcLost               no answer came: the call may or may not have been carried out
"""

from __future__ import annotations


class WireError(Exception):
    """Base of all errors of this package."""


class FrameError(WireError):
    """The peer sent a frame that is too long, or stopped in the middle of one."""


class ConnectFailed(WireError):  # noqa: N818 - named for what happened
    """Nobody answers at that address, or not in time."""


class AddressInvalid(WireError):  # noqa: N818 - named for what happened
    """Not an address that this package knows."""


class IpcError(WireError):
    """The peer answered a call with an error: a code for programs and a message for people."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class IpcLost(WireError):  # noqa: N818 - named for what happened
    """The connection broke or the deadline passed: the call may or may not have been carried out."""
