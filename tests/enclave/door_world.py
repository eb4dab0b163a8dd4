"""The side door over real TLS, before an executor in memory, and owners who sign tickets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp

from chain.payload import sealed_hash
from chain.sealing import HPKE_SEED_BYTES, HpkePrivateKey
from chain.tickets import DOOR_PATH, TicketPurpose, TicketScope, make_ticket
from chain.tokens import SealToken, TokenRegistry
from enclave.authority import CertificateAuthority
from enclave.door import Door
from enclave.door_limits import DoorLimits
from enclave.door_server import DoorServer
from gateway.errors import CrowdedError, LocalError, MissingBodyError, StreamError, WrongLengthError
from gateway.identity import GrantDoorkeeper, Identity
from gateway.leaf import SERVER_NAME, obtain_leaf
from gateway.limits import Limits
from gateway.messages import HttpRequest, HttpResponse
from gateway.server import GatewayServer
from gateway.service import Gateway
from gateway.view import ClusterView
from tests.gateway.chainworld import ACTIVATED, KEY
from tests.gateway.world import CHAIN_ID, CLUSTER, ENCLAVE, NOW_MS, PACKAGE, Owner, World
from wire.sockets import listen_tcp

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from sui.types import Address

SCOPE = TicketScope(CHAIN_ID, PACKAGE, CLUSTER, ENCLAVE)


@dataclass
class MemoryExecutor:
    """What the executor keeps for whom."""

    payloads: dict[bytes, tuple[Address, bytes, int]] = field(default_factory=dict)
    bodies: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict)
    streams: dict[tuple[bytes, bytes], list[bytes]] = field(default_factory=dict)
    locals: list[tuple[Identity, HttpRequest]] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    cut: bool = False
    crowded: bool = False
    stopped: bool = False
    given: int = 0
    open_streams: int = 0

    def __post_init__(self) -> None:
        self.hold.set()

    async def put(self, identity, sealed, until_ms) -> None:
        if self.crowded:
            raise CrowdedError("too much waits")
        if self.stopped:
            raise LocalError("nobody there")
        self.payloads[sealed_hash(sealed)] = (identity.token, sealed, until_ms)

    async def fetch(self, identity, body_hash, length) -> bytes:
        await self.hold.wait()
        sealed = self.bodies.get((bytes(identity.token), body_hash))
        if sealed is None:
            raise MissingBodyError("gone")
        if len(sealed) != length:
            raise WrongLengthError("another length")
        return sealed

    async def stream(self, identity, request_id) -> AsyncGenerator[bytes, None]:
        self.open_streams += 1
        try:
            for frame in self.streams.get((bytes(identity.token), bytes(request_id)), []):
                await self.hold.wait()
                self.given += 1
                yield frame
            if self.cut:
                raise StreamError("cut")
        finally:
            self.open_streams -= 1

    async def local(self, identity, request) -> HttpResponse:
        await self.hold.wait()
        self.locals.append((identity, request))
        return HttpResponse(200, (("Content-Type", "application/json"),), request.target.encode())


@dataclass
class DoorWorld:
    """One enclave's door."""

    limits: DoorLimits = field(default_factory=DoorLimits)
    rates: Limits = field(default_factory=Limits)
    executor: MemoryExecutor = field(default_factory=MemoryExecutor)
    now_ms: int = NOW_MS
    activated: bool = True

    def __post_init__(self) -> None:
        self.authority = CertificateAuthority(bytes(range(48)))
        self.hpke = HpkePrivateKey(bytes(range(HPKE_SEED_BYTES)))
        registry = TokenRegistry(CLUSTER)
        self.view = ClusterView(CHAIN_ID, PACKAGE, CLUSTER, KEY.address, KEY.public, self.hpke.public.raw, registry)
        if self.activated:
            self.view.apply(ACTIVATED)
        self.door = Door(
            self.view, now_ms=lambda: self.now_ms, monotonic=time.monotonic, rates=self.rates, limits=self.limits
        )

    def own(self, owner: Owner, *, revoked: bool = False, expires_at: int = 2**60) -> Owner:
        """Announce an owner's token."""
        told = owner.state
        self.view.tokens._tokens[told.token] = SealToken(
            told.token, CLUSTER, told.owner, told.public_key, told.rules, 0, 0, expires_at, revoked
        )
        return owner

    @contextlib.asynccontextmanager
    async def served(self):
        """Listen on loopback; gives who can be asked."""

        async def issue(der: bytes) -> bytes:
            return self.authority.issue(der)

        world = World()
        gateway = Gateway(
            submitter=world,
            executor=world,
            doorkeeper=GrantDoorkeeper(world),
            random_bytes=bytes,
            monotonic=time.monotonic,
        )
        leaf = await obtain_leaf(issue)
        server = GatewayServer(gateway, leaf.context(), DoorServer(self.door, self.executor))
        listener = listen_tcp("127.0.0.1", 0)
        task = asyncio.create_task(server.serve(listener))
        port = listener.socket.getsockname()[1]
        try:
            async with aiohttp.ClientSession() as session:
                yield Visitor(session, port, self.tls())
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await server.close(0.1)
            listener.close()

    def ca_pem(self) -> str:
        """The CA that clients trust."""
        text = base64.encodebytes(self.authority.der).decode()
        return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"

    def tls(self):
        """A client's TLS context."""
        return ssl.create_default_context(cadata=self.ca_pem())


@dataclass
class Visitor:
    """Asks the door."""

    session: aiohttp.ClientSession
    port: int
    tls: object

    def ask(self, method, path, ticket=None, **options):
        """Ask with a ticket, its text, or none."""
        headers = options.pop("headers", {})
        if ticket is not None:
            text = ticket if isinstance(ticket, str) else ticket.text
            headers["Authorization"] = f"Ticket {text}"
        url = f"https://127.0.0.1:{self.port}{DOOR_PATH}{path}"
        return self.session.request(method, url, ssl=self.tls, server_hostname=SERVER_NAME, headers=headers, **options)

    async def status(self, method, path, ticket=None, **options):
        """Ask, and give status and message."""
        async with self.ask(method, path, ticket, **options) as response:
            told = await response.json(content_type=None) if response.status >= 400 else {}
            return response.status, told.get("message", "")


def ticket_of(owner: Owner, purpose: TicketPurpose, subject: bytes, length: int = 0, **changes):
    """A ticket that an owner signs."""
    options = {
        "deadline": NOW_MS + 60_000,
        "sign": owner.key.sign,
        "scope": SCOPE,
        "token": owner.state.token,
    } | changes
    return make_ticket(
        options.pop("scope"), options.pop("token"), purpose=purpose, subject=subject, length=length, **options
    )
