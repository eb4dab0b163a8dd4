"""`token`: issue seal tokens, show them, stake, announce, revoke."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.bindings.events import SealTokenChanged
from chain.bindings.objects import SEAL_TOKEN, SealToken
from chain.history import past_events
from chain.rules import parse_rules
from cli.context import Context, open_context, parse_id
from cli.durations import Duration
from cli.errors import CommandError
from cli.output import clock, emit, json_option, print_table, run_async
from cli.transact import Act, act_options, event_of, run
from sui.bcs import U64
from sui.builder import ProgrammableBuilder
from sui.errors import BcsError, KeyFormatError
from sui.keys import ed25519_address
from sui.transaction import GAS_COIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.account import Account
    from sui.types import Address

LIFETIME_MS = 30 * 86_400_000
"""How long a token is good unless it is said."""

_MARGIN_S = 0.1


@click.group()
def group() -> None:
    """Seal tokens: what an owner may ask of the cluster, and the stake behind it.

    Example: k3s-daas token create --owner me --rule '/pods:default:get,list' --wait
    """


def token_json(token: SealToken | SealTokenChanged) -> dict[str, Any]:
    """A token as programs get it."""
    identity, counted = (
        (token.token, token.stake) if isinstance(token, SealTokenChanged) else (token.id, token.stake.counted)
    )
    return {
        "token": str(identity),
        "owner": str(token.owner),
        "rules": [str(rule) for rule in token.rules],
        "stake": counted,
        "usable_from": token.usable_from,
        "expires_at": token.expires_at,
        "revoked": token.revoked,
        "note": token.note,
        "public_key": token.public_key.hex(),
        "cluster": str(token.cluster),
    }


async def read_token(context: Context, token: Address) -> SealToken:
    """A token's object.

    Raises:
        CommandError: what has this id is no token.
    """
    found = await context.ledger.get_object(token)
    try:
        return SEAL_TOKEN.decode(found.contents)
    except BcsError as error:
        raise CommandError(f"{token} is no seal token; `k3s-daas token list` shows them") from error


async def live_tokens(context: Context) -> list[SealTokenChanged]:
    """Every token of the cluster as its newest event tells, oldest first."""
    newest: dict[Address, SealTokenChanged] = {}
    async for _, event in past_events(context.ledger, context.package, ["SealTokenChanged"]):
        if isinstance(event, SealTokenChanged) and event.cluster == context.cluster:
            newest.setdefault(event.token, event)
    return list(newest.values())[::-1]


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
                context.admin_account(),
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
    account: Account,
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
    builder = ProgrammableBuilder()
    calls.issue_token(
        builder,
        context.contract,
        await account.shared(context.cluster),
        await account.owned(context.admin_cap),
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
    token = event_of(context, done, SealTokenChanged)
    if wait:
        await wait_usable(token.usable_from, done.timestamp_ms)
    return token_json(token) | {"digest": str(done.digest), "gas": done.gas.net}


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
            return [token_json(token) for token in await live_tokens(context)]

    told = run_async(_work())

    def human() -> None:
        rows = [
            (t["token"], t["owner"], ", ".join(t["rules"]), t["stake"], clock(t["expires_at"]), t["revoked"], t["note"])
            for t in told
        ]
        columns = ("TOKEN", "OWNER", "RULES", "STAKE", "EXPIRES", "REVOKED", "NOTE")
        print_table(columns, rows, empty="no tokens; `k3s-daas token create` issues one")

    emit(told, as_json=as_json, human=human)


@group.command()
@click.argument("token")
@json_option
def show(token: str, *, as_json: bool) -> None:
    """Show one token.

    Example: k3s-daas token show 0x1234...
    """

    async def _work() -> dict[str, Any]:
        async with open_context() as context:
            return token_json(await read_token(context, parse_id(token)))

    emit(run_async(_work()), as_json=as_json)


async def _acting(context: Context, token: SealToken, sender: str | None) -> Account:
    """Who acts on a token: whoever is named, else its owner where his key is here, else the admin."""
    if sender is not None:
        return context.account(context.keys.find(sender))
    if context.keys.has(token.owner):
        return context.account(context.keys.find(str(token.owner)))
    return context.admin_account()


@group.command()
@click.argument("token")
@click.argument("amount", type=click.IntRange(min=1))
@click.option("--sender", help="Who pays: an alias or address; the owner, else the admin.")
@act_options
def stake(token: str, amount: int, sender: str | None, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Add AMOUNT MIST to TOKEN's stake. It belongs to the token's owner from then on.

    Example: k3s-daas token stake 0x1234... 2000000000
    """

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            found = await read_token(context, parse_id(token))
            account = await _acting(context, found, sender)
            builder = ProgrammableBuilder()
            coin = builder.split_coins(GAS_COIN, [builder.pure_value(U64, amount)])[0]
            calls.add_stake(builder, context.contract, await account.shared(found.id), coin)
            asks = f"Put {amount} MIST of {account.address} into the stake of {token}?"
            done = await run(context, account, builder, Act(as_json, dry_run, yes), asks=asks)
            if done is None:
                return None
            changed = event_of(context, done, SealTokenChanged)
            return token_json(changed) | {"digest": str(done.digest), "gas": done.gas.net}

    _print(run_async(_work()), as_json=as_json)


@group.command()
@click.argument("token")
@click.option("--sender", help="Who pays: an alias or address; the owner, else the admin.")
@act_options
def announce(token: str, sender: str | None, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Emit TOKEN's full state again, for an enclave that came later; open to anyone.

    Example: k3s-daas token announce 0x1234...
    """

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            found = await read_token(context, parse_id(token))
            account = await _acting(context, found, sender)
            builder = ProgrammableBuilder()
            calls.announce_token(builder, context.contract, await account.shared(found.id))
            done = await run(context, account, builder, Act(as_json, dry_run, yes))
            return None if done is None else token_json(found) | {"digest": str(done.digest), "gas": done.gas.net}

    _print(run_async(_work()), as_json=as_json)


@group.command()
@click.argument("token")
@act_options
def revoke(token: str, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Revoke TOKEN at once and for ever, as its owner or with the AdminCap.

    Example: k3s-daas token revoke 0x1234...
    """

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            found = await read_token(context, parse_id(token))
            account = await _acting(context, found, None)
            builder = ProgrammableBuilder()
            shared = await account.shared(found.id)
            if account.address == found.owner:
                calls.revoke_token(builder, context.contract, shared)
            else:
                cap = await account.owned(context.admin_cap)
                cluster = await account.shared(context.cluster)
                calls.revoke_token_by_admin(builder, context.contract, cluster, cap, shared)
            asks = f"Revoke {token} for ever?"
            done = await run(context, account, builder, Act(as_json, dry_run, yes), asks=asks)
            if done is None:
                return None
            changed = event_of(context, done, SealTokenChanged)
            return token_json(changed) | {"digest": str(done.digest), "gas": done.gas.net}

    _print(run_async(_work()), as_json=as_json)


def _print(told: dict[str, Any] | None, *, as_json: bool) -> None:
    if told:
        emit(told, as_json=as_json)
