"""The root of the command tree; groups are imported when they are used."""

from __future__ import annotations

import importlib
from typing import Any

import click

from cli.output import report_error

_GROUPS = {
    "attestation": "cli.attestation",
    "cluster": "cli.cluster",
    "contract": "cli.contract",
    "down": "cli.stack:down",
    "evidence": "cli.evidence",
    "eif": "cli.eif",
    "enclave": "cli.enclave",
    "get-token": "cli.get_token:command",
    "key": "cli.key",
    "kubeconfig": "cli.kubeconfig:command",
    "ledger": "cli.ledger",
    "localnet": "cli.localnet:command",
    "logs": "cli.logs:command",
    "proxy": "cli.proxy:command",
    "request": "cli.request",
    "requests": "cli.requests:command",
    "status": "cli.stack:status",
    "token": "cli.token",
    "up": "cli.stack:up",
    "verify": "cli.verify:command",
}


class LazyGroup(click.Group):
    """A group whose commands are imported by name when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        del ctx
        return sorted(_GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        place = _GROUPS.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        found: Any = getattr(importlib.import_module(module), attribute or "group")
        return found if isinstance(found, click.Command) else None


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def root() -> None:
    """Kubernetes that does only what a Sui contract has decided.

    Example: k3s-daas up --detach && kubectl --kubeconfig .k3s-daas/kubeconfig get ns
    """


def run(arguments: list[str]) -> int:
    """Run a command line; return the exit code."""
    try:
        result = root.main(args=arguments, prog_name="k3s-daas", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return 2
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return 1
    except click.ClickException as error:
        error.show()
        return 1
    except Exception as error:  # noqa: BLE001 - the last place where an error can be told in words
        return report_error(error)
    return result if isinstance(result, int) else 0
