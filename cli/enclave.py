"""`enclave`: list, challenge, register, activate, revoke."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.bindings.events import EnclaveActivated, EnclaveRegistered, EnclaveRevoked
from chain.bindings.objects import CHALLENGE, ENCLAVE, Enclave
from chain.history import past_events
from chain.outcome import created
from chain.statements import decode_manifest
from cli.attested import fetch_document, fetch_manifest
from cli.cluster_state import read_cluster, refresh_cluster_file
from cli.context import Context, open_context, parse_id
from cli.errors import CommandError
from cli.output import clock, emit, json_option, print_table, run_async
from cli.transact import Act, act_options, event_of, run
from sui.builder import ProgrammableBuilder
from sui.errors import BcsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.account import Account
    from chain.bindings.cluster_object import Cluster
    from chain.bindings.objects import Challenge
    from chain.ledger import ExecutedTransaction, LedgerObject
    from sui.types import Address


@click.group()
def group() -> None:
    """Enclaves of the cluster.

    Example: k3s-daas enclave list
    """


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
            now = (await context.ledger.service_info()).timestamp_ms
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
    act: Act, build: Callable[[Context, Account, ProgrammableBuilder], Any], *, asks: str | None = None
) -> tuple[Context, ExecutedTransaction] | None:
    async with open_context() as context:
        account = context.operator_account()
        builder = ProgrammableBuilder()
        await build(context, account, builder)
        done = await run(context, account, builder, act, asks=asks)
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
            account = context.operator_account()
            builder = ProgrammableBuilder()
            cap = await account.owned(context.operator_cap)
            calls.new_challenge(builder, context.contract, await account.shared(context.cluster), cap)
            done = await run(context, account, builder, Act(as_json, dry_run, yes))
            if done is None:
                return None
            made = _challenge(await context.ledger.get_objects(created(done)))
            return {"challenge": str(made.id), "expires_at": made.expires_at, "digest": str(done.digest)}

    _print(run_async(_work()), as_json=as_json)


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

    async def _build(context: Context, account: Account, builder: ProgrammableBuilder) -> None:
        nonce = parse_id(challenge_id)
        place = attestation or context.profile.attestation
        raw = await fetch_document(place, bytes(nonce)) if given is None else given
        told = decode_manifest(await fetch_manifest(place) if given_manifest is None else given_manifest)
        calls.register(
            builder,
            context.contract,
            await account.shared(context.cluster),
            await account.owned(context.operator_cap),
            await account.owned(nonce),
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

    async def _build(context: Context, account: Account, builder: ProgrammableBuilder) -> None:
        cap = await account.owned(context.operator_cap)
        shared = await account.shared(parse_id(enclave))
        calls.activate(builder, context.contract, await account.shared(context.cluster), cap, shared)

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
@click.argument("enclave")
@act_options
def revoke(enclave: str, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Revoke ENCLAVE at once and for ever, with the OperatorCap.

    Example: k3s-daas enclave revoke 0x1234...
    """

    async def _build(context: Context, account: Account, builder: ProgrammableBuilder) -> None:
        cap = await account.owned(context.operator_cap)
        shared = await account.shared(parse_id(enclave))
        calls.revoke_enclave(builder, context.contract, await account.shared(context.cluster), cap, shared)

    found = run_async(_by_operator(Act(as_json, dry_run, yes), _build, asks=f"Revoke {enclave} for ever?"))
    if found is not None:
        context, done = found
        event = event_of(context, done, EnclaveRevoked)
        emit(
            {"enclave": str(event.enclave), "state": "revoked", "digest": str(done.digest), "gas": done.gas.net},
            as_json=as_json,
        )


def _print(told: dict[str, Any] | None, *, as_json: bool) -> None:
    if told is not None:
        emit(told, as_json=as_json)
