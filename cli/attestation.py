"""`attestation`: verify or show an attestation document from a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from attestation import Measurement, Policy, TrustRoots, verify
from attestation.cose import parse
from attestation.document import Document, parse_payload
from attestation.errors import DocumentRefused, PolicyIncomplete
from chain.cluster_file import read_cluster_file
from cli.attested import measurements_of, roots_of
from cli.output import emit, json_option


@click.group()
def group() -> None:
    """Attestation documents.

    Example: k3s-daas attestation show document.cbor
    """


def document_json(document: Document) -> dict[str, Any]:
    """A document's fields as programs get them."""

    def text(value: bytes | None) -> str | None:
        return None if value is None else value.hex()

    return {
        "module_id": document.module_id,
        "timestamp": document.timestamp_ms,
        "pcrs": {str(index): value.hex() for index, value in sorted(document.pcrs.items())},
        "public_key": text(document.public_key),
        "user_data": text(document.user_data),
        "nonce": text(document.nonce),
    }


@group.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def show(file: Path, *, as_json: bool) -> None:
    """Show what FILE says. Nothing is verified: anyone can write such a file.

    Example: k3s-daas attestation show document.cbor
    """
    told = document_json(parse_payload(parse(file.read_bytes()).payload, allow_unknown=True))
    emit(told | {"ok": None, "step": None, "reason": "not verified"}, as_json=as_json)


@group.command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--root", type=click.Path(path_type=Path, exists=True), help="PEM of the only root to trust.")
@click.option("--cluster-file", type=click.Path(path_type=Path), help="Roots and measurements of a cluster.json.")
@click.option("--pcr", "pcrs", nargs=3, metavar="PCR0 PCR1 PCR2", help="An approved image, in hex.")
@click.option("--nonce", help="The nonce that it must hold, in hex.")
@click.option("--user-data", help="The user data that it must hold, in hex.")
@click.option("--at", "at_ms", type=int, help="Unix milliseconds to verify at; now by default.")
@json_option
@click.pass_context
def verify_file(
    click_context: click.Context,
    file: Path,
    root: Path | None,
    cluster_file: Path | None,
    pcrs: tuple[str, str, str] | None,
    *,
    nonce: str | None,
    user_data: str | None,
    at_ms: int | None,
    as_json: bool,
) -> None:
    """Verify FILE: chain to the root, signature, time, PCR 0, 1 and 2, and what it is bound to.

    Example: k3s-daas attestation verify document.cbor --cluster-file cluster.json --nonce 00ff...
    """
    moment = at_ms or int(time.time() * 1000)
    cluster = read_cluster_file(cluster_file) if cluster_file else None
    if (root is None and cluster is None) or (pcrs is None and cluster is None):
        raise click.UsageError("say whom to trust: --root and --pcr, or --cluster-file")
    told: dict[str, Any] = {}
    try:
        approved = frozenset({Measurement.from_hex(*pcrs)}) if pcrs else frozenset[Measurement]()
        if cluster is not None and not pcrs:
            approved = measurements_of(cluster, moment)
        if root is not None:
            roots = TrustRoots.from_pem(root.read_bytes())
        elif cluster is not None:
            roots = roots_of(cluster)
        else:
            raise PolicyIncomplete("no trust root was given")
        policy = Policy(
            roots=roots,
            at_ms=moment,
            measurements=approved,
            nonce=bytes.fromhex(nonce) if nonce else None,
            user_data=bytes.fromhex(user_data) if user_data else None,
        )
        told = {"ok": True, "step": None, "reason": None} | document_json(verify(file.read_bytes(), policy))
    except DocumentRefused as error:
        step = getattr(error, "step", None)
        told = {"ok": False, "step": getattr(step, "value", step), "reason": str(error)}
    emit(told, as_json=as_json)
    if not told["ok"]:
        click.echo(f"refused: {told['reason']}", err=True)
        click_context.exit(1)
