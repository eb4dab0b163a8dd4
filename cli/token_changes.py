"""`token stake`, `unstake`, `scope`, `announce`, `revoke`: changes of one token, by its owner or with the AdminCap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.rules import parse_rules
from cli.caps import admin_of
from cli.cluster_state import read_cluster
from cli.context import Context, open_context, parse_id
from cli.durations import spoken
from cli.errors import CommandError
from cli.output import clock, emit, run_async
from cli.token_state import read_token, token_json
from cli.transact import Act, act_options, run
from sui.bcs import U64
from sui.builder import ProgrammableBuilder
from sui.transaction import GAS_COIN

if TYPE_CHECKING:
    from chain.account import Account
    from chain.bindings.objects import SealToken
    from chain.ledger import ExecutedTransaction


def _acting(context: Context, token: SealToken, sender: str | None) -> Account:
    """Who pays for what anybody may do with a token: whoever is named, else its owner where his key is here."""
    if sender is None and context.has_key(token.owner):
        return context.account(context.find_key(str(token.owner)))
    return context.payer(sender)


def _owner(context: Context, token: SealToken, instead: str = "") -> Account:
    """The token's owner, who alone can do this.

    Raises:
        CommandError: his key is not here.
    """
    if not context.has_key(token.owner):
        raise CommandError(
            f"token {token.id} belongs to {token.owner}, whose key is not in {context.home.root}; only its owner can do"
            f" this (`k3s-daas key import` adds a key){instead}"
        )
    return context.account(context.find_key(str(token.owner)))


async def _changed(context: Context, token: SealToken, done: ExecutedTransaction | None) -> dict[str, Any] | None:
    """The token as it is after a transaction; None after a dry run."""
    if done is None:
        return None
    now = await read_token(context, token.id)
    return token_json(now, await context.now()) | {"digest": str(done.digest), "gas": done.gas.net}


@click.command()
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
            account = _acting(context, found, sender)
            builder = ProgrammableBuilder()
            coin = builder.split_coins(GAS_COIN, [builder.pure_value(U64, amount)])[0]
            calls.add_stake(builder, context.contract, await account.shared(found.id), coin)
            asks = f"Put {amount} MIST of {account.address} into the stake of {token}?"
            return await _changed(
                context, found, await run(context, account, builder, Act(as_json, dry_run, yes), asks=asks)
            )

    _print(run_async(_work()), as_json=as_json)


@click.command()
@click.argument("token")
@click.argument("amount", type=click.IntRange(min=1), required=False)
@click.option("--pay", is_flag=True, help="Pay what is due; the same as naming no amount.")
@act_options
def unstake(token: str, amount: int | None, *, pay: bool, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Take stake out of TOKEN, by its owner, in two steps.

    With AMOUNT (MIST): announce that it leaves; it counts no longer from now, and can be slashed until it is paid.
    Without: pay the owner what is due, after the cluster's withdrawal delay.

    Example: k3s-daas token unstake 0x1234... 500000000 && k3s-daas token unstake 0x1234...
    """
    if amount is not None and pay:
        raise click.UsageError("an AMOUNT announces, --pay pays: one step at a time")
    act = Act(as_json, dry_run, yes)

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            found = await read_token(context, parse_id(token))
            account = _owner(context, found)
            if amount is None:
                return await _pay(context, account, found, act)
            return await _announce_withdrawal(context, account, found, amount, act)

    _print(run_async(_work()), as_json=as_json)


async def _announce_withdrawal(
    context: Context, account: Account, token: SealToken, amount: int, act: Act
) -> dict[str, Any] | None:
    delay_ms = (await read_cluster(context)).delays.withdrawal_ms
    builder = ProgrammableBuilder()
    cluster = await account.shared(context.cluster)
    calls.announce_stake_withdrawal(builder, context.contract, cluster, await account.shared(token.id), amount)
    asks = f"Announce that {amount} MIST leave the stake of {token.id}? They count no longer, and are paid in"
    done = await run(context, account, builder, act, asks=f"{asks} {spoken(delay_ms)}.")
    told = await _changed(context, token, done)
    return told if told is None else told | {"amount": amount, "due": told["leaving"][-1]["due"]}


async def _pay(context: Context, account: Account, token: SealToken, act: Act) -> dict[str, Any] | None:
    now = await context.now()
    leaving = token.stake.leaving
    if not any(entry.due <= now for entry in leaving):
        waits = f"the next is due at {clock(min(e.due for e in leaving))}" if leaving else "nothing was announced"
        raise CommandError(f"nothing of the stake of {token.id} is due: {waits}; name an AMOUNT to announce one")
    builder = ProgrammableBuilder()
    calls.withdraw_stake(builder, context.contract, await account.shared(token.id))
    done = await run(context, account, builder, act, asks=f"Pay what is due of the stake to {account.address}?")
    if done is None:
        return None
    after = await read_token(context, token.id)
    told = token_json(after, await context.now()) | {"digest": str(done.digest), "gas": done.gas.net}
    return told | {"paid": token.stake.balance - after.stake.balance}


@click.command()
@click.argument("token")
@click.option("--rule", "rules", multiple=True, required=True, help="GROUP/RESOURCE[/SUB]:NAMESPACE:VERB,...")
@click.option("--admin", is_flag=True, help="With the AdminCap: wider rules too, which hold after the delay.")
@act_options
def scope(token: str, rules: tuple[str, ...], *, admin: bool, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Replace TOKEN's rules: by its owner by narrower ones, at once; with --admin by any.

    The admin's rules hold at once where they narrow, else after the cluster's delay, and are pending until then; the
    rules in force take pending ones back.

    Example: k3s-daas token scope 0x1234... --rule '/pods:default:get'
    """
    wanted = parse_rules(rules)

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            found = await read_token(context, parse_id(token))
            builder = ProgrammableBuilder()
            if admin:
                held = await admin_of(context)
                account = held.account
                calls.rescope_token(
                    builder, context.contract, await account.shared(context.cluster), held.cap,
                    token=await account.shared(found.id), rules=wanted,
                )  # fmt: skip
            else:
                account = _owner(context, found, "; the cluster's admin replaces rules with --admin")
                calls.narrow_token(builder, context.contract, await account.shared(found.id), wanted)
            asks = f"Replace the rules of {token} by {', '.join(rules)}? Only the cluster's admin can widen them again."
            return await _changed(
                context, found, await run(context, account, builder, Act(as_json, dry_run, yes), asks=asks)
            )

    _print(run_async(_work()), as_json=as_json)


@click.command()
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
            account = _acting(context, found, sender)
            builder = ProgrammableBuilder()
            calls.announce_token(builder, context.contract, await account.shared(found.id))
            return await _changed(context, found, await run(context, account, builder, Act(as_json, dry_run, yes)))

    _print(run_async(_work()), as_json=as_json)


@click.command()
@click.argument("token")
@act_options
def revoke(token: str, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Revoke TOKEN at once and for ever, as its owner or with the AdminCap.

    Example: k3s-daas token revoke 0x1234...
    """

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            found = await read_token(context, parse_id(token))
            builder = ProgrammableBuilder()
            if context.has_key(found.owner):
                account = _owner(context, found)
                calls.revoke_token(builder, context.contract, await account.shared(found.id))
            else:
                held = await admin_of(context)
                account = held.account
                cluster = await account.shared(context.cluster)
                calls.revoke_token_by_admin(
                    builder, context.contract, cluster, held.cap, await account.shared(found.id)
                )
            asks = f"Revoke {token} for ever?"
            return await _changed(
                context, found, await run(context, account, builder, Act(as_json, dry_run, yes), asks=asks)
            )

    _print(run_async(_work()), as_json=as_json)


def _print(told: dict[str, Any] | None, *, as_json: bool) -> None:
    if told is not None:
        emit(told, as_json=as_json)
