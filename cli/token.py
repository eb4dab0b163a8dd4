"""`token`: issue seal tokens, list and show them. What changes a token: `cli.token_changes`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.bindings.events import SealTokenChanged
from chain.rules import parse_rules
from cli.caps import admin_of
from cli.context import Context, open_context, parse_id
from cli.durations import Duration
from cli.errors import CommandError
from cli.output import clock, emit, json_option, print_fields, print_table, run_async
from cli.token_changes import announce, revoke, scope, stake, unstake
from cli.token_state import read_token, token_json, tokens_of
from cli.transact import Act, act_options, event_of, run
from sui.builder import ProgrammableBuilder
from sui.errors import KeyFormatError
from sui.keys import ed25519_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sui.types import Address

LIFETIME_MS = 30 * 86_400_000
"""How long a token is good unless it is said."""

_MARGIN_S = 0.1


@click.group()
def group() -> None:
    """Seal tokens: what an owner may ask of the cluster, and the stake behind it.

    Example: k3s-daas token create --owner me --rule '/pods:default:get,list' --wait
    """


for _command in (stake, unstake, announce, revoke, scope):
    group.add_command(_command)


def owner_key(context: Context, owner: str, public_key: str | None) -> tuple[Address, bytes]:
    """The owner's address and public key, from the flag or the keystore.

    Raises:
        CommandError: the key is not known, or is not that of the address.
    """
    if public_key is None:
        try:
            key = context.keys.find(owner)
        except CommandError as error:
            raise CommandError(
                f"the public key of {owner} is not known here: ask the owner for it (`k3s-daas key list` shows it) "
                "and give it with --owner-public-key"
            ) from error
        return key.address, key.public
    try:
        raw = bytes.fromhex(public_key)
        address = ed25519_address(raw)
    except (ValueError, KeyFormatError) as error:
        raise CommandError("--owner-public-key wants 64 hex digits of an Ed25519 key") from error
    if parse_id(owner) != address:
        raise CommandError(f"that public key belongs to {address}, not to {owner}")
    return address, raw


@group.command()
@click.option("--owner", required=True, help="Address or alias of the owner.")
@click.option("--owner-public-key", help="His Ed25519 key in hex, where it is not in this keystore.")
@click.option("--rule", "rules", multiple=True, required=True, help="GROUP/RESOURCE[/SUB]:NAMESPACE:VERB,...")
@click.option("--expires", type=Duration(), default="30d", show_default=True, help="How long it is good.")
@click.option("--stake", type=click.IntRange(min=0), default=0, show_default=True, help="MIST put in by the admin.")
@click.option("--note", default="", help="A public note.")
@click.option("--wait", is_flag=True, help="Wait until it is usable.")
@act_options
def create(
    owner: str,
    owner_public_key: str | None,
    rules: tuple[str, ...],
    expires: int,
    stake: int,
    *,
    note: str,
    wait: bool,
    as_json: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Issue a token.

    Example: k3s-daas token create --owner me --rule '/pods:default:get,list' --rule 'apps/deployments:*:*' --wait
    """

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            address, public = owner_key(context, owner, owner_public_key)
            return await create_token(
                context,
                Act(as_json, dry_run, yes),
                owner=address,
                public_key=public,
                rules=rules,
                stake=stake,
                note=note,
                lifetime_ms=expires,
                wait=wait,
            )

    _print(run_async(_work()), as_json=as_json)


async def create_token(
    context: Context,
    act: Act,
    *,
    owner: Address,
    public_key: bytes,
    rules: Sequence[str],
    stake: int = 0,
    note: str = "",
    lifetime_ms: int = LIFETIME_MS,
    wait: bool = False,
) -> dict[str, Any]:
    """Issue a token with the AdminCap; an empty answer after a dry run."""
    now = (await context.ledger.service_info()).timestamp_ms
    held = await admin_of(context)
    account = held.account
    builder = ProgrammableBuilder()
    calls.issue_token(
        builder,
        context.contract,
        await account.shared(context.cluster),
        held.cap,
        owner=owner,
        public_key=public_key,
        rules=parse_rules(rules),
        stake=stake,
        expires_at=now + lifetime_ms,
        note=note,
    )
    asks = f"Put {stake} MIST of the admin's SUI into the token's stake?" if stake else None
    done = await run(context, account, builder, act, asks=asks)
    if done is None:
        return {}
    token = await read_token(context, event_of(context, done, SealTokenChanged).token)
    if wait:
        await wait_usable(token.usable_from, done.timestamp_ms)
    return token_json(token, await context.now()) | {"digest": str(done.digest), "gas": done.gas.net}


async def wait_usable(usable_from: int, seen_ms: int | None) -> None:
    """Wait until a time of the ledger's clock has come, of which `seen_ms` was a moment ago."""
    await asyncio.sleep(max(usable_from - (seen_ms or usable_from), 0) / 1000 + _MARGIN_S)


@group.command("list")
@json_option
def list_tokens(*, as_json: bool) -> None:
    """List the cluster's tokens.

    Example: k3s-daas token list
    """

    async def _work() -> list[dict[str, Any]]:
        async with open_context() as context:
            now = await context.now()
            return [token_json(token, now) for token in await tokens_of(context)]

    told = run_async(_work())

    def human() -> None:
        rows = [
            (t["token"], t["owner"], _rules(t), t["stake"], clock(t["expires_at"]), t["revoked"], t["note"])
            for t in told
        ]
        columns = ("TOKEN", "OWNER", "RULES", "STAKE", "EXPIRES", "REVOKED", "NOTE")
        print_table(columns, rows, empty="no tokens; `k3s-daas token create` issues one")

    emit(told, as_json=as_json, human=human)


def _rules(told: dict[str, Any]) -> str:
    waiting = f" (others from {clock(told['pending_from'])})" if told["pending_rules"] else ""
    return ", ".join(told["rules"]) + waiting


@group.command()
@click.argument("token")
@json_option
def show(token: str, *, as_json: bool) -> None:
    """Show one token.

    Example: k3s-daas token show 0x1234...
    """

    async def _work() -> dict[str, Any]:
        async with open_context() as context:
            return token_json(await read_token(context, parse_id(token)), await context.now())

    told = run_async(_work())
    emit(told, as_json=as_json, human=lambda: _show(told))


def _show(told: dict[str, Any]) -> None:
    """One token for people: what holds, then what is on its way."""
    plain = {name: told[name] for name in ("token", "owner", "stake", "revoked", "note", "revision", "version")}
    print_fields(plain | {"usable from": clock(told["usable_from"]), "expires": clock(told["expires_at"])})
    click.echo("")
    rows = [(rule, "in force") for rule in told["rules"]]
    rows += [(rule, f"from {clock(told['pending_from'])}, instead") for rule in told["pending_rules"] or ()]
    print_table(("RULE", "WHEN"), rows, empty="no rules")
    if told["leaving"]:
        click.echo("")
        leaving = [(entry["amount"], clock(entry["due"])) for entry in told["leaving"]]
        print_table(("LEAVING STAKE (MIST)", "DUE"), leaving, empty="")


def _print(told: dict[str, Any] | None, *, as_json: bool) -> None:
    if told:
        emit(told, as_json=as_json)
