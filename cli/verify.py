"""`verify`: prove one answer from chain and attestation alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chain.cluster_file import read_cluster_file
from chain.verification import verify_answer
from cli.attested import verify_registration_document
from cli.context import open_context, parse_id
from cli.output import emit, json_option, print_table, run_async

if TYPE_CHECKING:
    from chain.verification import Verification


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--cluster-file", type=click.Path(path_type=Path), help="Another cluster.json.")
@json_option
@click.pass_context
def command(click_context: click.Context, request_id: str, cluster_file: Path | None, *, as_json: bool) -> None:
    """Verify the answer to request ID (kubectl -v 6 shows it as Audit-ID); exit 0 only if every check holds.

    Example: k3s-daas verify 0x1234...
    """

    async def _work() -> Verification:
        async with open_context(cluster_path=cluster_file) as context:
            file = read_cluster_file(cluster_file) if cluster_file else context.cluster_file()
            return await verify_answer(context.ledger, file, parse_id(request_id), verify_registration_document)

    found = run_async(_work())

    def human() -> None:
        rows = [("ok" if check.ok else "FAILED", check.name, check.detail) for check in found.checks]
        print_table(("", "CHECK", "DETAIL"), rows, empty="nothing was checked")
        click.echo(f"request {found.request_id}: {'every check holds' if found.ok else 'NOT proven'}")

    emit(found.as_json(), as_json=as_json, human=human)
    if not found.ok:
        failed = next(check for check in found.checks if not check.ok)
        click.echo(f"not proven: {failed.name}: {failed.detail}", err=True)
        click_context.exit(1)
