"""`up`: every step from an empty folder to a system that answers kubectl, each only where it is not done yet.

    (1) the parent process, with the local ledger where no other one is named
    (2) keys of admin, user and operator, and SUI for them
    (3) the contract's package
    (4) the cluster, its measurements, its configuration, its bond
    (5) the enclave: launched, registered, activated, ready (the parent does this)
    (6) a token for the user, staked, and his kubeconfig

Each of (2) to (6) is a command of its own too, and calls the same functions.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attestation.sim.measure import installed_code, measure
from attestation.sim.store import ROOT_CERTIFICATE, load_or_create
from chain.bindings import calls
from chain.configuration import make_configuration
from cli.caps import admin_of
from cli.cluster import DEMO_DELAYS, SETTINGS, create_cluster
from cli.cluster_state import measurement_of, read_cluster, refresh_cluster_file
from cli.context import COMPILED, Context, open_context
from cli.contract import ADMIN_ALIAS, publish_and_lock
from cli.errors import CommandError
from cli.faucet import ask_faucet
from cli.host import ask, end_parent, start_parent
from cli.keys import Keys, make_operator_key
from cli.kubeconfig import write_kubeconfig
from cli.token import create_token
from cli.transact import Act, run
from sui.builder import ProgrammableBuilder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from cli.home import Home
    from sui.types import Address

USER_ALIAS = "user"
LEDGER_NAME = "ledger:9000"
"""The fixed name under which an enclave knows a ledger that the launcher maps."""

KUBERNETES = COMPILED.parent / "k3s"
_REAL_NETWORKS = {
    "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S": "Sui mainnet",
    "69WiPg3DAQiwdxfncX6wYQ2siKwAe6L9BZthQea3JNMD": "Sui testnet",
}
"""Chain ids (genesis checkpoint digests) of networks whose verifier holds AWS's root alone."""

_EVERYTHING = ("/*:*:*", "/*/*:*:*", "*/*:*:*", "*/*/*:*:*", "url:/*:get")
_OF_ONE_CHAIN = (
    "package", "latest_package", "packages", "upgrade_cap", "upgrade_right", "lock", "aside", "cluster", "admin_cap",
    "operator_cap", "token", "enclave",
)  # fmt: skip
"""What a profile knows of one chain, and forgets on another."""

_STAKE_MIST = 2 * SETTINGS.min_stake
_ENOUGH_MIST = 20_000_000_000
_LEDGER_SECONDS = 60.0
_READY_SECONDS = 120.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class UpOptions:
    """What `up` was told."""

    enclave: str = "sim"
    ledger: str = "local"
    listen: str = "127.0.0.1:0"
    attestation_listen: str = "127.0.0.1:0"
    finality_ms: int = 0
    seed: int | None = None
    record_relays: str = ""


async def bring_up(home: Home, options: UpOptions, tell: Callable[[str], None]) -> None:
    """Bring the whole system up; `tell` hears what is being done. What was started is ended where a step fails.

    Raises:
        CommandError: a step did not work, and what to do.
    """
    _check(options)
    tell("ledger")
    pki = home.root / "simulation"
    load_or_create(pki, at_ms=int(time.time() * 1000))
    certificate = pki / ROOT_CERTIFICATE
    started = start_parent(home, _ledger_flags(home, options, certificate))
    try:
        await _steps(home, options, tell, started, certificate)
    except BaseException:
        await end_parent(started)
        raise


async def _steps(
    home: Home, options: UpOptions, tell: Callable[[str], None], started: subprocess.Popen[bytes], certificate: Path
) -> None:
    status = await _until(home, started, lambda s: bool(s["ledger"]) or options.ledger != "local", _LEDGER_SECONDS)
    await _remember_ledger(home, options, status)
    async with open_context(home=home) as context:
        tell("accounts")
        await _fund(context, local=options.ledger == "local")
        act = Act(yes=True)
        admin = context.account(context.keys.find(ADMIN_ALIAS))
        if not context.profile.package:
            tell("contract")
            await publish_and_lock(context, admin, COMPILED, act, delay_ms=DEMO_DELAYS.upgrade_ms)
            await context.load_words()
        if not context.profile.cluster:
            tell("cluster")
            configuration = make_configuration(LEDGER_NAME, plaintext=not context.profile.ledger_ca)
            await create_cluster(
                context, admin, act, settings=SETTINGS, delays=DEMO_DELAYS, bond_mist=SETTINGS.min_bond,
                measurements=[measurement_of(measure(installed_code()))], configurations=[configuration],
            )  # fmt: skip
        elif options.ledger == "local":
            await _approve_own_code(context, act, tell)
        tell("enclave")
        await ask(home, "launch", _settings(context, home, options, certificate.parent))
        status = await _until(home, started, lambda s: bool(s["ready"]), _READY_SECONDS, tell)
        context.remember(
            gateway=status["gateway"],
            attestation=status["attestation"],
            enclave=status["enclave"],
            attestation_root=_text(certificate),
        )
        await refresh_cluster_file(context)
        if not context.profile.token:
            tell("token")
            user = context.keys.find(USER_ALIAS)
            made = await create_token(
                context, act, owner=user.address, public_key=user.public, rules=_EVERYTHING, stake=_STAKE_MIST,
                note="made by `up`", wait=True,
            )  # fmt: skip
            context.remember(token=made["token"])
        tell("kubeconfig")
        await write_kubeconfig(context, token=context.profile.token)


def _check(options: UpOptions) -> None:
    if options.enclave != "sim":
        raise CommandError(f"--enclave {options.enclave} comes with a later version; this one simulates the enclave")
    for path, what in ((KUBERNETES, "Kubernetes binary"), (COMPILED, "compiled contract")):
        if not path.exists():
            raise CommandError(f"no {what} at {path}; `make build` makes it")
    if options.ledger != "local" and "://" in options.ledger:
        raise CommandError("--ledger takes HOST:PORT of a node, or `local`")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _ledger_flags(home: Home, options: UpOptions, root: Path) -> list[str]:
    if options.ledger != "local":
        return []
    return [
        "--ledger-state", str(home.localnet), "--finality-ms", str(options.finality_ms), "--trust-root", str(root),
        "--seed", str(_seed(home, options.seed)),
    ]  # fmt: skip


def _seed(home: Home, wanted: int | None) -> int:
    """The ledger's seed: named, remembered, or fresh, so that two ledgers are two chains."""
    remembered = home.root / "localnet.seed"
    if wanted is None:
        wanted = int(remembered.read_text()) if remembered.exists() else secrets.randbits(62)
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    remembered.write_text(f"{wanted}\n")
    return wanted


async def _remember_ledger(home: Home, options: UpOptions, status: dict[str, Any]) -> None:
    ledger = status["ledger"]["listen"] if options.ledger == "local" else options.ledger
    home.update(ledger=ledger, faucet=status["ledger"].get("faucet", ""))
    async with open_context(home=home) as context:
        found = str((await context.ledger.service_info()).chain_id)
        if found in _REAL_NETWORKS:
            raise CommandError(
                f"this is {_REAL_NETWORKS[found]}: it accepts only documents under AWS's root, so a simulated enclave"
                " can never register there; nothing was spent. Use a local ledger, or a real enclave"
            )
        if home.profile().chain_id not in {"", found}:
            # Another chain: what this home knew lives elsewhere. Keys stay.
            home.update(**dict.fromkeys(_OF_ONE_CHAIN, ""))
            home.cluster_file.unlink(missing_ok=True)
        home.update(chain_id=found)


async def _fund(context: Context, *, local: bool) -> None:
    keys = Keys(context.home)
    names = keys.aliases().values()
    accounts: list[Address] = [
        (keys.find(alias) if alias in names else keys.create(alias)).address for alias in (ADMIN_ALIAS, USER_ALIAS)
    ]
    accounts.append(make_operator_key(context.home).address)
    for address in accounts:
        held = sum(coin.balance for coin in await context.ledger.owned_coins(address))
        if held >= _ENOUGH_MIST:
            continue
        if not local:
            if held == 0 and address != accounts[1]:
                raise CommandError(f"{address} has no SUI on this ledger; send it some and run `up` again")
            continue
        await ask_faucet(context.profile.faucet, address)


async def _approve_own_code(context: Context, act: Act, tell: Callable[[str], None]) -> None:
    """Approve the enclave's code of today on a ledger of our own, as a developer who changed it would, and wait."""
    measured = measurement_of(measure(installed_code())).pcrs
    known = [m for m in (await read_cluster(context)).approvals.measurements if m.retired_at is None]
    if not any((m.pcr0, m.pcr1, m.pcr2) == measured for m in known):
        tell("approval of changed enclave code")
        held = await admin_of(context)
        builder = ProgrammableBuilder()
        cluster = await held.account.shared(context.cluster)
        calls.add_measurement(builder, context.contract, cluster, held.cap, measured)
        await run(context, held.account, builder, act)
    for found in (await read_cluster(context)).approvals.measurements:
        if found.retired_at is None and (found.pcr0, found.pcr1, found.pcr2) == measured:
            # An idle ledger's newest checkpoint may be older than its Clock: this machine's time is the same.
            await asyncio.sleep(max(0.0, found.valid_from / 1000 - time.time()))


def _settings(context: Context, home: Home, options: UpOptions, pki: Path) -> dict[str, str]:
    profile = context.profile
    return {
        "launcher": options.enclave,
        "ledger": profile.ledger,
        "ledger_ca": profile.ledger_ca,
        "chain_id": profile.chain_id,
        "package": str(context.contract.package),
        "original_package": str(context.contract.original),
        "cluster": profile.cluster,
        "operator_cap": profile.operator_cap,
        "configuration": str(home.configuration),
        "operator_key": str(home.operator_key),
        "listen": options.listen,
        "attestation_listen": options.attestation_listen,
        "simulation": str(pki),
        "kubernetes": str(KUBERNETES.resolve()),
        "contract": str(COMPILED),
        "record": options.record_relays,
        "packages": " ".join(sorted(context.known_packages())),
    }


async def _until(
    home: Home,
    parent: subprocess.Popen[bytes],
    fulfilled: Callable[[dict[str, Any]], bool],
    seconds: float,
    tell: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Wait until the parent's status is as wanted."""
    deadline = time.monotonic() + seconds
    status: dict[str, Any] = {}
    while True:
        if parent.poll() is not None:
            lines = (home.logs / "parent.log").read_text(errors="replace").strip().splitlines()
            raise CommandError(f"the parent process ended: {lines[-1] if lines else 'it said nothing'}")
        try:
            status = await ask(home, "status")
        except CommandError:
            status = {}
        if status and fulfilled(status):
            return status
        if failure := status.get("failure"):
            raise CommandError(f"{failure}{_next_step(failure)} (logs: {home.logs})")
        if time.monotonic() > deadline:
            told = json.dumps({name: status.get(name) for name in ("waiting_for", "failure")})
            raise CommandError(f"not ready after {seconds:.0f} s: {told}; the logs are in {home.logs}")
        if tell is not None and status.get("waiting_for"):
            tell(f"enclave: {status['waiting_for']}")
        await asyncio.sleep(_POLL_SECONDS)


def _next_step(failure: str) -> str:
    """What to do about a failure that has one usual cause."""
    if "measurement is not approved" in failure:
        return (
            "; the enclave's code is not what this cluster approved. Approve it with `k3s-daas cluster measurement add"
            " build/sim.pcrs.json` after `make build`, wait for the delay, and run `up` again"
        )
    return ""
