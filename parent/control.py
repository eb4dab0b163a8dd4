"""What the parent says to its enclave while it boots and when it ends: `wire.control`, with the parent's errors.

Each call has a connection of its own, so that an enclave that boots anew is simply called again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from parent.errors import EnclaveLostError, RegistrationError
from parent.limits import LIMITS, Limits
from wire import control
from wire.errors import ConnectFailed, IpcError, IpcLost, WireError

if TYPE_CHECKING:
    from wire.vsock import Vsock


class Control:
    """The control port of the enclave behind a vsock."""

    def __init__(self, vsock: Vsock, limits: Limits = LIMITS) -> None:
        """Call the enclave behind `vsock`."""
        self._vsock = vsock
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
                await self._call("boot", parameters, self._limits.enclave_call_seconds)
            except EnclaveLostError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(self._limits.poll_seconds)
            else:
                return

    async def activate(self, enclave: str, epoch: int) -> None:
        """Tell the enclave which object it has become: a hint that it checks."""
        await self._call("activate", {"enclave": enclave, "epoch": epoch}, self._limits.enclave_call_seconds)

    async def status(self) -> dict[str, Any]:
        """Ask how far it is: {stage, waiting_for, ready, failed, separate_uids, processes}."""
        answer = await self._call("status", {}, self._limits.enclave_call_seconds)
        if not isinstance(answer, dict):
            raise RegistrationError("the enclave's status is no table; is it the image of this version?")
        return answer

    async def give_back(self, address: str) -> dict[str, Any]:
        """Ask it to return its gas; it answers with the digest of the transaction."""
        answer = await self._call("give_back", {"to": address}, self._limits.give_back_seconds)
        return answer if isinstance(answer, dict) else {}

    async def _call(self, method: str, params: dict[str, Any], seconds: float) -> Any:
        try:
            return await control.call(self._vsock, method, params, timeout_s=seconds)
        except (ConnectFailed, IpcLost, OSError) as error:
            raise EnclaveLostError(f"the enclave does not answer {method}: {error}; its log says why") from error
        except IpcError as error:
            raise RegistrationError(f"the enclave refuses {method}: {error.message}") from error
        except WireError as error:
            raise EnclaveLostError(f"the enclave broke off {method}: {error}; its log says why") from error
