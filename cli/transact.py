"""One transaction of a command: simulate, ask, execute, say what it cost.

Rules: `--dry-run` ends after the simulation; what costs or cannot be undone asks unless `--yes` was given; an abort is
told in the contract's words before anything is sent.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chain.bindings.events import decode_event
from chain.errors import DeniedError
from cli.errors import CommandError
from cli.output import emit
from cli.upgrade_lock import warn_if_unlocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.account import Account
    from chain.ledger import ExecutedTransaction
    from cli.context import Context
    from sui.builder import ProgrammableBuilder

_C = TypeVar("_C", bound="Callable[..., Any]")
_E = TypeVar("_E")


@dataclass(frozen=True)
class Act:
    """How a command was told to act."""

    as_json: bool = False
    dry_run: bool = False
    yes: bool = False


def act_options(command: _C) -> _C:
    """Add `--json`, `--dry-run` and `--yes` to a command."""
    command = click.option("--yes", is_flag=True, help="Do not ask.")(command)
    command = click.option("--dry-run", is_flag=True, help="Simulate only, and show the gas.")(command)
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


of_cluster_option = click.option(
    "--of-cluster", is_flag=True, help="The package of this home's cluster, where another one was published since."
)
"""`--of-cluster` for commands of `contract`."""


async def run(
    context: Context, account: Account, builder: ProgrammableBuilder, act: Act, *, asks: str | None = None
) -> ExecutedTransaction | None:
    """Run one transaction; None after a dry run, whose result was printed. Says where the package is not locked.

    Args:
        context: words of aborts.
        account: who pays and signs.
        builder: what to do.
        act: how to act.
        asks: the question for what costs or cannot be undone.

    Raises:
        DeniedError: the contract says no.
        CommandError: the person said no, or nobody can be asked.
    """
    await warn_if_unlocked(context)
    if act.dry_run:
        simulated = await account.simulate(builder)
        if simulated.abort is not None:
            raise DeniedError(
                context.words(simulated.abort),
                digest=None,
                module=simulated.abort.module,
                function=simulated.abort.function,
                code=simulated.abort.code,
            )
        gas = simulated.gas
        emit(
            {
                "dry_run": True,
                "sender": str(account.address),
                "computation": gas.computation,
                "storage": gas.storage,
                "rebate": gas.rebate,
                "gas": gas.net,
            },
            as_json=act.as_json,
        )
        return None
    if asks is not None and not act.yes:
        if not sys.stdin.isatty():
            raise CommandError(f"{asks} Nobody can be asked here: add --yes to say so.")
        if not click.confirm(asks, err=True):
            raise CommandError("nothing was done")
    return await account.execute(builder)


def event_of(context: Context, done: ExecutedTransaction, kind: type[_E]) -> _E:
    """The first event of one kind that a transaction emitted.

    Raises:
        CommandError: it emitted none.
    """
    for raw in done.events:
        if raw.type.address == context.package and raw.type.name == kind.__name__:
            event = decode_event(context.package, raw.type, raw.contents)
            if isinstance(event, kind):
                return event
    raise CommandError(f"transaction {done.digest} succeeded but emitted no {kind.__name__}; is this another package?")
