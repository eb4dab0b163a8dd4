"""The boot of an enclave as one table of steps, each done once and in order; a step that fails ends the enclave.

==============  =====================================================================================
entropy         the device answers and gives random numbers
parameters      the parent has said which chain, package, cluster, configuration and challenge
keys            signer and key broker have made theirs and answer
attestation     a document binds keys and parameters; the front serves it
registration    the parent has registered and activated this boot (a hint, checked by who acts on it)
kubernetes      the apiserver is ready (it has been starting since the document was made)
executor        it has caught up with the ledger (started with the activation)
gateway         it takes connections (started with the activation)
==============  =====================================================================================
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import structlog

from attestation.errors import NsmError
from attestation.nsm import NsmClient
from attestation.nsm_device import transport_to
from enclave.errors import BootFailed, BootRefused
from enclave.parameters import Activation, BootParameters, write_public
from enclave.processes import BROKER, EGRESS, EXECUTOR, FRONT, GATEWAY, KUBERNETES, SIGNER, Children, Process
from enclave.seeds import SOURCE_BYTES
from wire.errors import WireError
from wire.ipc import Client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from enclave.places import Places

_log = structlog.get_logger()


class Stage(Enum):
    """Where the boot is; after the last step, READY; after a failure, FAILED for good."""

    ENTROPY = "entropy"
    PARAMETERS = "parameters"
    KEYS = "keys"
    ATTESTATION = "attestation"
    REGISTRATION = "registration"
    KUBERNETES = "kubernetes"
    EXECUTOR = "executor"
    GATEWAY = "gateway"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class BootLimits:
    """Deadlines of the steps."""

    process_ready_s: float = 30.0
    """Longest time for a process that waits for nothing outside."""
    service_ready_s: float = 300.0
    """Longest time for one that waits for the apiserver or the ledger."""
    poll_s: float = 0.02


class Boot:
    """One boot: the table's steps, and what the parent says meanwhile."""

    def __init__(self, places: Places, nsm: Path, children: Children, limits: BootLimits | None = None) -> None:
        """Start at the first step."""
        self.stage = Stage.ENTROPY
        self.failed = ""
        self._places = places
        self._nsm = nsm
        self._children = children
        self._limits = limits or BootLimits()
        loop = asyncio.get_running_loop()
        self._parameters: asyncio.Future[BootParameters] = loop.create_future()
        self._activation: asyncio.Future[Activation] = loop.create_future()
        self.steps: dict[Stage, Callable[[], Awaitable[None]]] = {
            Stage.ENTROPY: self._entropy,
            Stage.PARAMETERS: self._wait_for_parameters,
            Stage.KEYS: self._make_keys,
            Stage.ATTESTATION: self._attest,
            Stage.REGISTRATION: self._wait_for_activation,
            Stage.KUBERNETES: lambda: self._service_ready(KUBERNETES),
            Stage.EXECUTOR: lambda: self._service_ready(EXECUTOR),
            Stage.GATEWAY: lambda: self._service_ready(GATEWAY),
        }

    async def run(self) -> None:
        """Take every step.

        Raises:
            BootFailed: one did not come to its end; which, and why.
        """
        for stage, step in self.steps.items():
            self.stage = stage
            _log.info("boot", stage=stage.value)
            try:
                await step()
            except (BootFailed, NsmError, WireError, OSError, TimeoutError) as error:
                self.stage = Stage.FAILED
                self.failed = f"{stage.value}: {str(error) or type(error).__name__}"
                raise BootFailed(f"the boot failed at {self.failed}") from error
        self.stage = Stage.READY
        _log.info("boot", stage=self.stage.value)

    def take_parameters(self, params: Any) -> None:
        """Take the parent's boot parameters, once.

        Raises:
            BootRefused: they are malformed, or came before.
        """
        parameters = BootParameters.parse(params)
        if self._parameters.done():
            raise BootRefused("the boot parameters came before; only a new boot takes others")
        self._parameters.set_result(parameters)

    def take_activation(self, params: Any) -> None:
        """Take the parent's hint which Enclave object this boot has become, once.

        Raises:
            BootRefused: it is malformed, too early, or another one came before.
        """
        activation = Activation.parse(params)
        if self.stage in {Stage.ENTROPY, Stage.PARAMETERS, Stage.KEYS, Stage.ATTESTATION}:
            raise BootRefused(f"the boot has only come to {self.stage.value}; there is nothing to activate yet")
        if self._activation.done():
            if self._activation.result() == activation:
                return
            raise BootRefused("another activation came before; an enclave is activated once")
        self._activation.set_result(activation)

    def random(self) -> bytes:
        """The device's randomness for one key, before the key broker owns the device."""
        transport = transport_to(self._nsm)
        try:
            return NsmClient(transport).random(SOURCE_BYTES)
        finally:
            transport.close()

    async def _entropy(self) -> None:
        gathered = await asyncio.to_thread(self.random)
        if len(set(gathered)) == 1:
            raise BootFailed("the NSM gives no usable randomness")

    async def _wait_for_parameters(self) -> None:
        parameters = await self._parameters
        write_public(self._places.parameters, parameters)
        _log.info("parameters", cluster=str(parameters.cluster), package=str(parameters.package))

    async def _make_keys(self) -> None:
        for process in (SIGNER, BROKER):
            self._children.start(_with_device(process, self._nsm))
            await self._until(self._places.run / f"{process.socket}.sock", self._limits.process_ready_s)

    async def _attest(self) -> None:
        client = Client(self._places.broker)
        try:
            parameters = self._parameters.result()
            answer = await client.call("attest", {"nonce": parameters.challenge})
            _log.info("attested", document_bytes=len(answer["document"]))
        finally:
            await client.close()
        self._children.start(FRONT)
        await self._until(self._places.ready(FRONT.name), self._limits.process_ready_s)

    async def _wait_for_activation(self) -> None:
        # Kubernetes needs nothing of the registration and takes longest: it starts while the parent registers.
        for process in (EGRESS, KUBERNETES):
            self._children.start(process)
        activation = await self._activation
        write_public(self._places.activation, activation)
        _log.info("activated", enclave=str(activation.enclave), epoch=activation.epoch)
        await self._until(self._places.ready(EGRESS.name), self._limits.process_ready_s)
        # Both begin by catching up with the ledger, which they can do while the apiserver comes up.
        for process in (EXECUTOR, GATEWAY):
            self._children.start(process)

    async def _service_ready(self, process: Process) -> None:
        await self._until(self._places.ready(process.name), self._limits.service_ready_s)

    async def _until(self, path: Path, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not path.exists():  # noqa: ASYNC110, ASYNC240 - a file of a tmpfs is the sign
                    await asyncio.sleep(self._limits.poll_s)
        except TimeoutError:
            raise BootFailed(f"{path.stem} was not ready within {seconds:.0f} s") from None


def _with_device(process: Process, nsm: Path) -> Process:
    if process is not BROKER:
        return process
    return Process(
        process.name, process.module, process.uid, process.death, process.socket, arguments=("--nsm", str(nsm))
    )
