"""`enclave`: list, challenge, register, activate, renew, revoke. What runs on this machine: `cli.enclave_host`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.bindings.events import EnclaveActivated, EnclaveRegistered, EnclaveRenewed, EnclaveRevoked
from chain.bindings.objects import CHALLENGE, ENCLAVE, Enclave
from chain.history import past_events
from chain.outcome import created
from chain.statements import decode_manifest
from cli.attested import fetch_document, fetch_manifest
from cli.caps import Held, admin_of, operator_of
from cli.cluster_state import read_cluster, refresh_cluster_file
from cli.context import Context, open_context, parse_id
from cli.enclave_host import console, restart
from cli.errors import CommandError
from cli.output import clock, emit, json_option, print_table, run_async
from cli.transact import Act, act_options, event_of, run
from sui.builder import ProgrammableBuilder
from sui.errors import BcsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.bindings.cluster_object import Cluster
    from chain.bindings.objects import Challenge
    from chain.ledger import ExecutedTransaction, LedgerObject
    from sui.types import Address


@click.group()
def group() -> None:
    """Enclaves of the cluster.

    Example: k3s-daas enclave list
    """


for _command in (restart, console):
    group.add_command(_command)


def enclave_json(enclave: Enclave, cluster: Cluster, now_ms: int) -> dict[str, Any]:
    """An enclave as programs get it."""
    return {
        "enclave": str(enclave.id),
        "address": str(enclave.address),
        "epoch": enclave.epoch,
        "registered_at": enclave.registered_at,
        "expires_at": enclave.expires_at,
        "state": _state(enclave, cluster, now_ms),
        "measurement": enclave.measurement,
        "configuration": enclave.configuration,
        "public_key": enclave.public_key.hex(),
    }


def _state(enclave: Enclave, cluster: Cluster, now_ms: int) -> str:
    if enclave.revoked:
        return "revoked"
    if now_ms >= enclave.expires_at:
        return "expired"
    live = {m.version for m in cluster.approvals.measurements if m.retired_at is None}
    approved = {c.version for c in cluster.approvals.configurations if c.retired_at is None}
    if enclave.measurement not in live or enclave.configuration not in approved:
        return "retired"
    if cluster.active_enclave == enclave.id:
        return "active"
    return "superseded" if enclave.epoch else "registered"


async def read_enclave(context: Context, enclave: Address) -> Enclave:
    """An enclave's object.

    Raises:
        CommandError: what has this id is no enclave.
    """
    found = await context.ledger.get_object(enclave)
    try:
        return ENCLAVE.decode(found.contents)
    except BcsError as error:
        raise CommandError(f"{enclave} is no enclave; `k3s-daas enclave list` shows them") from error


@group.command("list")
@json_option
def list_enclaves(*, as_json: bool) -> None:
    """List the cluster's enclaves, oldest first.

    Example: k3s-daas enclave list
    """

    async def _work() -> list[dict[str, Any]]:
        async with open_context() as context:
            cluster = await read_cluster(context)
            now = await context.now()
            ids = [
                event.enclave
                async for _, event in past_events(
                    context.ledger, context.package, ["EnclaveRegistered"], newest_first=False
                )
                if isinstance(event, EnclaveRegistered) and event.cluster == context.cluster
            ]
            found = await context.ledger.get_objects(ids)
            return [enclave_json(ENCLAVE.decode(each.contents), cluster, now) for each in found if each is not None]

    told = run_async(_work())

    def human() -> None:
        rows = [
            (t["enclave"], t["state"], t["epoch"], t["address"], clock(t["registered_at"]), clock(t["expires_at"]))
            for t in told
        ]
        columns = ("ENCLAVE", "STATE", "EPOCH", "ADDRESS", "REGISTERED", "EXPIRES")
        print_table(columns, rows, empty="no enclave was registered yet")

    emit(told, as_json=as_json, human=human)


async def _by_operator(
    act: Act, build: Callable[[Context, Held, ProgrammableBuilder], Any], *, asks: str | None = None
) -> tuple[Context, ExecutedTransaction] | None:
    async with open_context() as context:
        return await _act(context, act, await operator_of(context), build, asks=asks)


async def _act(
    context: Context,
    act: Act,
    held: Held,
    build: Callable[[Context, Held, ProgrammableBuilder], Any],
    *,
    asks: str | None = None,
) -> tuple[Context, ExecutedTransaction] | None:
    builder = ProgrammableBuilder()
    await build(context, held, builder)
    done = await run(context, held.account, builder, act, asks=asks)
    if done is None:
        return None
    if context.profile.admin_cap:
        await refresh_cluster_file(context)
    return context, done


@group.command()
@act_options
def challenge(*, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Make a challenge: the nonce of the next registration's document.

    Example: k3s-daas enclave challenge --json
    """

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            found = await make_challenge(context, await operator_of(context), Act(as_json, dry_run, yes))
            if found is None:
                return None
            made, done = found
            return {
                "challenge": str(made.id),
                "expires_at": made.expires_at,
                "digest": str(done.digest),
                "gas": done.gas.net,
            }

    _print(run_async(_work()), as_json=as_json)


async def make_challenge(context: Context, held: Held, act: Act) -> tuple[Challenge, ExecutedTransaction] | None:
    """Make a challenge; None after a dry run."""

    async def _build(context: Context, held: Held, builder: ProgrammableBuilder) -> None:
        shared = await held.account.shared(context.cluster)
        calls.new_challenge(builder, context.contract, shared, held.cap)

    found = await _act(context, act, held, _build)
    if found is None:
        return None
    done = found[1]
    return _challenge(await context.ledger.get_objects(created(done))), done


def _challenge(found: list[LedgerObject | None]) -> Challenge:
    for each in found:
        if each is not None and each.type is not None and each.type.name == "Challenge":
            return CHALLENGE.decode(each.contents)
    raise CommandError("the transaction made no challenge; the ledger does not do what it says")


@group.command()
@click.option("--challenge", "challenge_id", required=True, help="Id of the challenge that the document answers.")
@click.option("--attestation", help="HOST:PORT to ask for document and manifest; the profile's by default.")
@click.option("--document", type=click.Path(path_type=Path), help="The document, where it was fetched before.")
@click.option("--manifest", type=click.Path(path_type=Path), help="The manifest, where it was fetched before.")
@act_options
def register(
    challenge_id: str,
    attestation: str | None,
    document: Path | None,
    manifest: Path | None,
    *,
    as_json: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Register the enclave that a document speaks for; the contract checks it.

    Example: k3s-daas enclave register --challenge 0x1234... --attestation 127.0.0.1:5001
    """
    given = document.read_bytes() if document else None
    given_manifest = manifest.read_bytes() if manifest else None

    async def _build(context: Context, held: Held, builder: ProgrammableBuilder) -> None:
        nonce = parse_id(challenge_id)
        place = attestation or context.profile.attestation
        raw = await fetch_document(place, bytes(nonce)) if given is None else given
        told = decode_manifest(await fetch_manifest(place) if given_manifest is None else given_manifest)
        calls.register(
            builder,
            context.contract,
            await held.account.shared(context.cluster),
            held.cap,
            await held.account.owned(nonce),
            document=raw,
            hpke_key=told.hpke_key,
            tls_ca_hash=told.tls_ca_hash,
            configuration_hash=told.configuration,
        )

    found = run_async(_by_operator(Act(as_json, dry_run, yes), _build))
    if found is not None:
        context, done = found
        event = event_of(context, done, EnclaveRegistered)
        told = {
            "enclave": str(event.enclave),
            "address": str(event.address),
            "epoch": 0,
            "registered_at": event.registered_at,
            "expires_at": event.expires_at,
            "state": "registered",
            "digest": str(done.digest),
            "gas": done.gas.net,
        }
        emit(told, as_json=as_json)


@group.command()
@click.argument("enclave")
@act_options
def activate(enclave: str, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Make ENCLAVE the one that new requests name; an enclave is activated once.

    Example: k3s-daas enclave activate 0x1234...
    """

    async def _build(context: Context, held: Held, builder: ProgrammableBuilder) -> None:
        shared = await held.account.shared(parse_id(enclave))
        calls.activate(builder, context.contract, await held.account.shared(context.cluster), held.cap, shared)

    found = run_async(_by_operator(Act(as_json, dry_run, yes), _build, asks=f"Make {enclave} the active enclave?"))
    if found is not None:
        context, done = found
        event = event_of(context, done, EnclaveActivated)
        told = {
            "enclave": str(event.enclave),
            "address": str(event.address),
            "epoch": event.epoch,
            "expires_at": event.expires_at,
            "state": "active",
            "digest": str(done.digest),
            "gas": done.gas.net,
        }
        emit(told, as_json=as_json)


@group.command()
@click.argument("enclave", required=False)
@click.option("--challenge", "challenge_id", help="A challenge that was made before; a new one is made without.")
@click.option("--attestation", help="HOST:PORT to ask for document and manifest; the profile's by default.")
@act_options
def renew(
    enclave: str | None, challenge_id: str | None, attestation: str | None, *, as_json: bool, dry_run: bool, yes: bool
) -> None:
    """Let the registration of ENCLAVE (the active one by default) last longer, by a fresh document of the same key.

    Two transactions: a challenge, then the renewal. A dry run simulates the renewal where --challenge names one that
    was made before, else the challenge alone.

    Example: k3s-daas enclave renew --json
    """
    act = Act(as_json, dry_run, yes)

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            cluster = await read_cluster(context)
            wanted = parse_id(enclave) if enclave else cluster.active_enclave
            if wanted is None:
                raise CommandError("the cluster has no active enclave to renew; name one, or activate one first")
            place = attestation or context.profile.attestation
            return await _renew(context, wanted, act, challenge_id=challenge_id, place=place)

    _print(run_async(_work()), as_json=as_json)


async def _renew(
    context: Context, wanted: Address, act: Act, *, challenge_id: str | None, place: str
) -> dict[str, Any] | None:
    if not place:
        raise CommandError("no attestation port is known; name one with --attestation HOST:PORT")
    before, held = await read_enclave(context, wanted), await operator_of(context)
    manifest = decode_manifest(await fetch_manifest(place))
    if manifest.public_key != before.public_key:
        raise CommandError(
            f"the enclave at {place} has another key than {wanted}; a registration is renewed by its own enclave only:"
            " name its port with --attestation, or register the other one anew"
        )
    if challenge_id is None:
        made = await make_challenge(context, held, act)
        if made is None:
            return None
        challenge_id = str(made[0].id)
        held = await operator_of(context)  # the challenge made a new version of the Cap
    nonce = parse_id(challenge_id)

    async def _build(context: Context, held: Held, builder: ProgrammableBuilder) -> None:
        calls.renew(
            builder,
            context.contract,
            await held.account.shared(context.cluster),
            held.cap,
            enclave=await held.account.shared(wanted),
            challenge=await held.account.owned(nonce),
            document=await fetch_document(place, bytes(nonce)),
            configuration_hash=manifest.configuration,
        )

    found = await _act(context, act, held, _build)
    if found is None:
        return None
    done = found[1]
    event = event_of(context, done, EnclaveRenewed)
    now = await context.now()
    told = enclave_json(await read_enclave(context, wanted), await read_cluster(context), now)
    return told | {
        "challenge": str(event.challenge),
        "renewed_at": event.renewed_at,
        "digest": str(done.digest),
        "gas": done.gas.net,
    }


@group.command()
@click.argument("enclave")
@click.option("--admin", is_flag=True, help="With the AdminCap instead of the OperatorCap.")
@act_options
def revoke(enclave: str, *, admin: bool, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Revoke ENCLAVE at once and for ever, with the OperatorCap or the AdminCap.

    Example: k3s-daas enclave revoke 0x1234...
    """
    act = Act(as_json, dry_run, yes)

    async def _build(context: Context, held: Held, builder: ProgrammableBuilder) -> None:
        shared = await held.account.shared(parse_id(enclave))
        cluster = await held.account.shared(context.cluster)
        calls.revoke_enclave(builder, context.contract, cluster, held.cap, shared, by_admin=admin)

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            held = await (admin_of(context) if admin else operator_of(context))
            found = await _act(context, act, held, _build, asks=f"Revoke {enclave} for ever?")
            if found is None:
                return None
            event = event_of(context, found[1], EnclaveRevoked)
            told = {"enclave": str(event.enclave), "state": "revoked", "revoked_at": event.revoked_at}
            return told | {"digest": str(found[1].digest), "gas": found[1].gas.net}

    _print(run_async(_work()), as_json=as_json)


def _print(told: dict[str, Any] | None, *, as_json: bool) -> None:
    if told is not None:
        emit(told, as_json=as_json)
