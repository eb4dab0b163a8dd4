"""What the parent says to its enclave while it boots and when it ends: calls over the control port.

Each call has a connection of its own, so that an enclave that boots anew is simply called again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import cbor2

from parent.errors import EnclaveLostError, RegistrationError
from parent.limits import LIMITS, Limits
from parent.relays import CONTROL_PORT
from wire.errors import WireError
from wire.frames import FrameLimits
from wire.streams import read_frame, write_frame

if TYPE_CHECKING:
    from parent.launcher import Launcher


class Control:
    """The control port of the enclave behind a launcher."""

    def __init__(self, launcher: Launcher, limits: Limits = LIMITS) -> None:
        """Call the enclave behind `launcher`."""
        self._launcher = launcher
        self._limits = limits

    async def boot(self, parameters: dict[str, str]) -> None:
        """Hand over the boot parameters, once the port answers.

        Raises:
            EnclaveLostError: it never answered.
            RegistrationError: it refused them.
        """
        deadline = asyncio.get_running_loop().time() + self._limits.boot_seconds
        while True:
            try:
                await self._call("boot", parameters)
            except EnclaveLostError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(self._limits.poll_seconds)
            else:
                return

    async def activate(self, enclave: str, epoch: int) -> None:
        """Tell the enclave which object it has become: a hint that it checks."""
        await self._call("activate", {"enclave": enclave, "epoch": epoch})

    async def status(self) -> dict[str, Any]:
        """Ask how far it is."""
        answer = await self._call("status", {})
        if not isinstance(answer, dict):
            raise RegistrationError("the enclave's status is no table; is it the image of this version?")
        return answer

    async def give_back(self, address: str) -> None:
        """Ask it to return its gas."""
        await self._call("give_back", {"to": address})

    async def _call(self, method: str, params: dict[str, Any]) -> Any:
        frames = FrameLimits(frame_bytes=self._limits.control_bytes)
        try:
            async with asyncio.timeout(self._limits.enclave_call_seconds):
                connection = await self._launcher.connect(CONTROL_PORT)
                reader, writer = await asyncio.open_connection(sock=connection)
                try:
                    message = cbor2.dumps({"id": 1, "method": method, "params": params})
                    await write_frame(writer, message, limits=frames)
                    frame = await read_frame(reader, limits=frames)
                finally:
                    writer.close()
        except (OSError, WireError, TimeoutError) as error:
            raise EnclaveLostError(f"the enclave does not answer {method}: {error}; its log says why") from error
        if frame is None:
            raise EnclaveLostError(f"the enclave closed the connection instead of answering {method}; its log says why")
        answer = cbor2.loads(frame)
        if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
            raise RegistrationError(f"the enclave refuses {method}: {answer['error'].get('message')}")
        return answer.get("result") if isinstance(answer, dict) else None
