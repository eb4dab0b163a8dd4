"""From a started enclave to the cluster's active one: what the parent does, step by step.

    (1) challenge      the operator makes one on chain; its id is this boot's nonce
    (2) boot           the enclave is told chain, package, cluster, configuration and challenge
    (3) document       fetched as bytes from the plain attestation port, with what it binds
    (4) register       the ledger verifies the document, the contract everything else
    (5) gas            SUI for the attested address
    (6) activate       epoch + 1; new requests name this enclave
    (7) announce       every live token's state is emitted again, so that the enclave knows it by events of its time
    (8) tell           the enclave hears that it is active; executor and gateway begin to follow the events now, so what
                       they catch up with before they are ready holds every token
    (9) ready          Kubernetes, executor and gateway are up

In the last part of its life a registration is renewed: a new challenge, a fresh document of the same key.

Nothing that the enclave says is believed here; the contract checks it, and the enclave checks the parent.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from chain.account import Account
from chain.bindings.abort import abort_table
from chain.bindings.arguments import Contract
from chain.configuration import parse_configuration
from chain.errors import ChainError
from chain.grpc_ledger import GrpcLedger
from parent.control import Control
from parent.errors import EnclaveLostError, RegistrationError
from parent.limits import LIMITS, Limits
from parent.operator import Identity, Operator
from sui.keystore import decode_entry
from sui.types import Address, Digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.configuration import Configuration
    from chain.ledger import Abort, Ledger
    from parent.settings import Settings
    from wire.vsock import Vsock


@dataclass(frozen=True)
class Activated:
    """The enclave that is the cluster's active one now."""

    enclave: Address
    epoch: int
    address: Address
    renew_at_ms: int | None = None


class Bringup:
    """Registers one enclave after the other for one cluster."""

    def __init__(
        self,
        settings: Settings,
        vsock: Vsock,
        attestation: str,
        tell: Callable[[str], None],
        limits: Limits = LIMITS,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Prepare; `attestation` is where the relay answers for the enclave, `tell` hears what is waited for."""
        self._now_ms = now_ms
        self._settings = settings
        self._control = Control(vsock, limits)
        self._attestation = f"http://{attestation}"
        self._tell = tell
        self._limits = limits
        self._operator: Operator | None = None
        self._ledger: Ledger | None = None
        self._active: Activated | None = None

    async def run(self) -> Activated:
        """Go through all steps; returns when the enclave is ready for kubectl.

        Raises:
            RegistrationError: a step was refused, and by whom.
            EnclaveLostError: the enclave did not come up in time.
        """
        try:
            return await self._steps()
        except ChainError as error:
            raise RegistrationError(f"the registration was refused: {error}") from error

    async def _steps(self) -> Activated:
        settings = self._settings
        self._tell("the ledger")
        configuration, operator = self._prepared()
        self._tell("a challenge")
        challenge = await operator.challenge()
        self._tell("the enclave's boot")
        await self._control.boot(
            {
                "chain_id": bytes(Digest.parse(settings.chain_id)).hex(),
                "package": settings.original_package,
                "cluster": settings.cluster,
                "configuration": configuration.encoded.hex(),
                "challenge": bytes(challenge.object_id).hex(),
            }
        )
        self._tell("the attestation document")
        document, identity = await self._document(bytes(challenge.object_id))
        self._tell("the registration")
        registration = await operator.register(challenge, document, identity, configuration.hash)
        self._tell("gas for the enclave")
        await operator.send(identity.address, self._limits.enclave_full_mist)
        self._tell("the activation")
        activated = await operator.activate(registration.enclave)
        renew_at = self._renewal(registration.expires_at)
        self._active = Activated(registration.enclave, activated.epoch, identity.address, renew_at)
        self._tell("the tokens' announcements")
        now = (await self._known_ledger().service_info()).timestamp_ms
        await operator.announce(await operator.live_tokens(now))
        await self._control.activate(str(registration.enclave), activated.epoch)
        self._tell("Kubernetes, executor and gateway")
        await self._enclave_ready()
        return self._active

    async def top_up(self) -> None:
        """Send SUI to the active enclave when it runs low."""
        if self._active is None or self._operator is None:
            return
        coins = await self._known_ledger().owned_coins(self._active.address, limit=self._limits.enclave_coins)
        held = sum(coin.balance for coin in coins)
        if held < self._limits.enclave_low_mist:
            await self._operator.send(self._active.address, self._limits.enclave_full_mist - held)

    async def keep_registered(self) -> bool:
        """Renew the active enclave's registration when the last part of its life has begun; tell whether it did.

        Raises:
            RegistrationError: it was refused; the next attempt is not before a pause, because each costs gas.
        """
        active, now = self._active, self._now_ms()
        if active is None or active.renew_at_ms is None or now < active.renew_at_ms:
            return False
        self._active = replace(active, renew_at_ms=now + int(self._limits.renewal_retry_seconds * 1000))
        configuration, operator = self._prepared()
        try:
            challenge = await operator.challenge()
            document, _ = await self._document(bytes(challenge.object_id))
            expires_at = await operator.renew(active.enclave, challenge, document, configuration.hash)
        except ChainError as error:
            raise RegistrationError(f"the renewal was refused: {error}") from error
        self._active = replace(active, renew_at_ms=self._renewal(expires_at))
        return True

    def _renewal(self, expires_at_ms: int) -> int:
        """When the last part of a registration's life begins."""
        return expires_at_ms - max(expires_at_ms - self._now_ms(), 0) // self._limits.renewal_part

    async def give_back(self) -> dict[str, Any]:
        """Ask the enclave to return its gas to the operator."""
        return await self._control.give_back(str(self._operator.address)) if self._operator is not None else {}

    def _prepared(self) -> tuple[Configuration, Operator]:
        """Read the files once, and connect."""
        settings = self._settings
        configuration = parse_configuration(Path(settings.configuration).read_text())
        if self._operator is not None:
            return configuration, self._operator
        key = decode_entry(Path(settings.operator_key).read_text())
        modules = json.loads(Path(settings.contract).read_text())["modules"]
        table = abort_table(base64.b64decode(module) for module in modules)

        def words(abort: Abort) -> str:
            reason = table.reason(abort.module, abort.code)
            return reason.words if reason else abort.description

        self._ledger = GrpcLedger.connect(settings.ledger, ca=settings.ledger_ca)
        account = Account(self._ledger, key, words=words)
        contract = Contract(Address.parse(settings.package), Address.parse(settings.original_package))
        self._operator = Operator(
            account,
            contract,
            Address.parse(settings.cluster),
            Address.parse(settings.operator_cap),
            packages=frozenset(Address.parse(each) for each in settings.packages.split()),
            limits=self._limits,
        )
        return configuration, self._operator

    def _known_ledger(self) -> Ledger:
        if self._ledger is None:
            raise RegistrationError("the ledger was not connected yet")
        return self._ledger

    async def _document(self, nonce: bytes) -> tuple[bytes, Identity]:
        timeout = aiohttp.ClientTimeout(total=self._limits.enclave_call_seconds)
        deadline = asyncio.get_running_loop().time() + self._limits.boot_seconds
        while True:
            try:
                async with aiohttp.ClientSession(self._attestation, timeout=timeout) as session:
                    document = await _get(session, f"/attestation?nonce={nonce.hex()}", self._limits.document_bytes)
                    identity = json.loads(await _get(session, "/identity", self._limits.document_bytes))
                    return document, _identity(identity)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise EnclaveLostError(f"the enclave gave no attestation document: {error}; see its log") from error
                await asyncio.sleep(self._limits.poll_seconds)

    async def _enclave_ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + self._limits.boot_seconds
        while True:
            status = await self._control.status()
            if status.get("ready") is True:
                return
            if status.get("failed"):
                raise EnclaveLostError(f"the enclave's boot failed: {status['failed']}")
            self._tell(f"the enclave: {status.get('waiting_for') or 'starting'}")
            if asyncio.get_running_loop().time() > deadline:
                raise EnclaveLostError(f"the enclave was not ready after {self._limits.boot_seconds:.0f} s: {status}")
            await asyncio.sleep(self._limits.poll_seconds)


def _identity(values: Any) -> Identity:
    try:
        return Identity(
            address=Address.parse(values["address"]),
            public_key=bytes.fromhex(values["public_key"]),
            hpke_key=bytes.fromhex(values["hpke_key"]),
            tls_ca_hash=hashlib.sha256(bytes.fromhex(values["ca_der"])).digest(),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RegistrationError(
            f"the enclave's identity cannot be read ({error}); is it the image of this version?"
        ) from error


async def _get(session: aiohttp.ClientSession, path: str, limit: int) -> bytes:
    async with session.get(path) as answer:
        answer.raise_for_status()
        data = await answer.content.read(limit + 1)
        while len(data) <= limit and (more := await answer.content.read(limit + 1 - len(data))):
            data += more
        if len(data) > limit:
            raise RegistrationError(f"the enclave's answer to {path.partition('?')[0]} is longer than {limit} bytes")
        return data
