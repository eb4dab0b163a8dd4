"""The gateway on the user's own machine: put together, run, and cleaned up.

Role: the same gateway core as inside the enclave, over the user's key (`cli.purse`) and the enclave's side door
(`cli.door_client`).

Rules:
- It is pinned to the one enclave whose attestation was verified; when the cluster's active enclave changes it says so
  and refuses every request until it is started anew.
- Its kubeconfig trusts a CA of this process's own and holds a random bearer; both are in memory and in that file only,
  which is readable by its owner and removed at the end.
- It listens once events have come to the ledger's tip and the account can pay.

It verifies nothing itself: whoever makes it has (`cli.attested`).
"""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click
import yaml

from chain.bindings.abort import own_words
from chain.bindings.events import EnclaveActivated
from chain.clock import LedgerClock
from chain.errors import BadLedgerAnswerError
from chain.history import find_event
from chain.tickets import TicketScope
from chain.tokens import TokenRegistry
from cli.door_client import DoorClient, DoorPlace
from cli.errors import CommandError
from cli.home import write_whole
from cli.own_authority import LEAF_NAME, OwnAuthority
from cli.purse import Purse
from gateway.answers import AnswerDesk
from gateway.chain_submitter import ChainSubmitter, Parts
from gateway.errors import GasError
from gateway.following import Follower
from gateway.identity import OwnerDoorkeeper
from gateway.leaf import obtain_leaf
from gateway.limits import Limits
from gateway.server import GatewayServer
from gateway.service import Gateway
from gateway.view import ClusterView
from wire.errors import WireError
from wire.sockets import listen_tcp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chain.cluster_file import ClusterFile
    from chain.ledger import Ledger
    from cli.attested import Attested
    from sui.keys import Ed25519Key
    from sui.types import Address

NAME: Final = "k3s-daas-proxy"
"""The name of everything in the proxy's kubeconfig; only a file that holds it is ever replaced or removed."""

_CATCH_UP_S: Final = 60.0
_CLOSE_S: Final = 5.0
_BEARER_BYTES: Final = 32


@dataclass(frozen=True)
class ProxyPlan:
    """What one proxy is made from.

    Attributes:
        ledger: The node; it is not believed.
        file: The trusted cluster file.
        attested: The enclave that proved who it is.
        token: The seal token.
        key: Its owner's key, which sends, pays and signs tickets.
        door: The enclave's gateway, `https://HOST:PORT`.
        host: Where to listen.
        port: Where to listen; 0 takes a free one.
        out: Where the kubeconfig goes.
    """

    ledger: Ledger
    file: ClusterFile
    attested: Attested
    token: Address
    key: Ed25519Key
    door: str
    host: str
    port: int
    out: Path


class Proxy:
    """One life of the proxy."""

    def __init__(self, plan: ProxyPlan, limits: Limits | None = None) -> None:
        """Put nothing together yet.

        Raises:
            CommandError: the kubeconfig would replace something that no proxy wrote.
        """
        if plan.out.exists() and NAME not in plan.out.read_text(encoding="utf-8", errors="replace"):
            raise CommandError(f"{plan.out} exists and is no proxy's kubeconfig; name another file with --out")
        manifest = plan.attested.manifest
        self._plan = plan
        self._limits = limits or Limits()
        self._clock = LedgerClock()
        self._desk = AnswerDesk(self._limits.answers_kept)
        self._bearer = secrets.token_urlsafe(_BEARER_BYTES)
        self._told = False
        self._view = ClusterView(
            chain_id=manifest.chain_id,
            package=manifest.package,
            cluster=manifest.cluster,
            address=manifest.address,
            public_key=manifest.public_key,
            hpke_key=manifest.hpke_key,
            tokens=TokenRegistry(manifest.cluster),
            sender=plan.key.address,
            callable=frozenset({plan.file.package, plan.file.call_package}),
        )

    async def run(self, started: Callable[[dict[str, Any]], None]) -> None:
        """Serve until cancelled, and leave no usable kubeconfig behind.

        Args:
            started: Told once where it listens and what it wrote.

        Raises:
            CommandError: it cannot begin; the message says why.
        """
        plan = self._plan
        info = await plan.ledger.service_info()
        if info.chain_id != plan.file.chain_id:
            raise CommandError(f"the ledger serves chain {info.chain_id}, cluster.json names {plan.file.chain_id}")
        self._clock.observe(info.timestamp_ms)
        follower = Follower(
            plan.ledger,
            self._view,
            self._desk,
            self._clock,
            changed=self._notice,
        )
        start = await self._activation_checkpoint()
        door = self._door_client()
        purse = Purse(plan.ledger, plan.key, monotonic=time.monotonic)
        tasks = [
            asyncio.create_task(follower.follow_state(start)),
            asyncio.create_task(follower.follow_answers()),
        ]
        try:
            await self._catch_up(follower)
            await _open(purse)
            tasks += [
                asyncio.create_task(purse.keep()),
                asyncio.create_task(self._listen(self._gateway(purse, door), started)),
            ]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await door.close()

    def _door_client(self) -> DoorClient:
        """Reach the enclave under the CA that its attestation binds, and no other."""
        plan, view = self._plan, self._view
        tls = ssl.create_default_context(cadata=plan.attested.ca_pem)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        scope = TicketScope(view.chain_id, view.package, view.cluster, plan.attested.enclave.id)
        place = DoorPlace(plan.door, tls, scope, plan.token, plan.key.sign, self._clock.now_ms)
        return DoorClient(place, self._limits)

    def _gateway(self, purse: Purse, door: DoorClient) -> Gateway:
        """Put the gateway's core together."""
        parts = Parts(
            ledger=self._plan.ledger,
            signer=purse,
            expect=door.expect,
            view=self._view,
            desk=self._desk,
            clock=self._clock,
            words=own_words(),
            monotonic=time.monotonic,
        )
        return Gateway(
            submitter=ChainSubmitter(parts, self._limits),
            executor=door,
            doorkeeper=OwnerDoorkeeper(self._view.tokens, self._plan.token, self._bearer),
            random_bytes=os.urandom,
            monotonic=time.monotonic,
            limits=self._limits,
        )

    async def _activation_checkpoint(self) -> int:
        """Find where to read from: after its activation an enclave is told of everything that it acts on."""
        plan = self._plan
        wanted = plan.attested.enclave.id
        raw, _ = await find_event(
            plan.ledger,
            plan.file.package,
            "EnclaveActivated",
            lambda event: isinstance(event, EnclaveActivated) and event.enclave == wanted,
        )
        checkpoint = raw.checkpoint
        if checkpoint is None:
            checkpoint = (await plan.ledger.get_transaction(raw.digest)).checkpoint
        if checkpoint is None:
            raise BadLedgerAnswerError(f"the node does not say in which checkpoint {raw.digest} is")
        return checkpoint

    async def _catch_up(self, follower: Follower) -> None:
        """Wait until events have told of the enclave and of the token."""
        try:
            async with asyncio.timeout(_CATCH_UP_S):
                await follower.activated.wait()
                await follower.caught_up.wait()
        except TimeoutError:
            raise CommandError(
                "the ledger's events did not tell of the enclave's activation in time; try again, or another ledger"
            ) from None
        if self._view.tokens.get(self._plan.token) is None:
            raise CommandError(
                f"no event since the enclave's activation tells of seal token {self._plan.token}; "
                "`k3s-daas token announce` does"
            )

    def _notice(self) -> None:
        """Say once that the enclave is not the active one any more."""
        if self._view.superseded and not self._told:
            self._told = True
            click.echo(
                "the cluster's active enclave has changed: this proxy answers nothing more (503); start it anew, "
                "and it verifies the new one",
                err=True,
            )

    async def _listen(self, gateway: Gateway, started: Callable[[dict[str, Any]], None]) -> None:
        """Take connections until cancelled."""
        plan, authority = self._plan, OwnAuthority()
        leaf = await obtain_leaf(authority.issue)
        try:
            listener = listen_tcp(plan.host, plan.port)
        except WireError as error:
            raise CommandError(str(error)) from None
        server = GatewayServer(gateway, leaf.context())
        host = f"[{plan.host}]" if ":" in plan.host else plan.host
        place = f"{host}:{listener.socket.getsockname()[1]}"
        try:
            write_whole(plan.out, self._kubeconfig(f"https://{place}", authority), secret=True)
            started(
                {
                    "listen": place,
                    "kubeconfig": str(plan.out),
                    "enclave": str(plan.attested.enclave.id),
                    "token": str(plan.token),
                    "address": str(plan.key.address),
                }
            )
            await server.serve(listener)
        finally:
            listener.close()
            self._remove_kubeconfig()
            await server.close(_CLOSE_S)

    def _kubeconfig(self, server: str, authority: OwnAuthority) -> str:
        """Write down how kubectl reaches this process."""
        cluster = {
            "server": server,
            "tls-server-name": LEAF_NAME,
            "certificate-authority-data": base64.b64encode(authority.pem).decode(),
        }
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": NAME,
                "clusters": [{"name": NAME, "cluster": cluster}],
                "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
                "users": [{"name": NAME, "user": {"token": self._bearer}}],
            },
            sort_keys=False,
        )

    def _remove_kubeconfig(self) -> None:
        """Remove what this process wrote; what another one wrote since stays."""
        out = self._plan.out
        with suppress(OSError):
            if self._bearer in out.read_text(encoding="utf-8", errors="replace"):
                out.unlink()
                click.echo(f"{out} removed", err=True)


async def _open(purse: Purse) -> None:
    """Have coins ready.

    Raises:
        CommandError: the account cannot pay.
    """
    try:
        await purse.open()
    except GasError as error:
        raise CommandError(str(error)) from None
