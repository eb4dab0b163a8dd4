"""`attestation`: verify or show an attestation document from a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attestation import Policy, TrustRoots, verify
from attestation.cose import parse
from attestation.document import Document, parse_payload
from attestation.errors import DocumentRefused, PolicyIncomplete
from chain.cluster_file import read_cluster_file
from cli.attested import measurements_of, roots_of
from cli.output import emit, json_option, print_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.cluster_file import ClusterFile


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
    _tell({"ok": None, "step": None, "reason": "not verified"} | told, as_json=as_json)


_PCRS = (0, 1, 2, 3, 4, 8)
_PCR_BYTES = 48


def _pcr_options(command: Callable[..., None]) -> Callable[..., None]:
    for index in reversed(_PCRS):
        command = click.option(f"--pcr{index}", f"pcr{index}", metavar="HEX", help=f"What PCR{index} must be.")(command)
    return command


@group.command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--root", type=click.Path(path_type=Path, exists=True), help="PEM of the only root to trust; else AWS's.")
@click.option("--cluster-file", type=click.Path(path_type=Path), help="Roots and measurements of a cluster.json.")
@_pcr_options
@click.option("--no-pcr-policy", is_flag=True, help="Say that any image will do.")
@click.option("--nonce", metavar="HEX", help="The nonce that it must hold.")
@click.option("--user-data", metavar="HEX", help="The user data that it must hold.")
@click.option("--public-key", metavar="HEX", help="The public key that it must hold.")
@click.option("--at", "at_ms", type=click.IntRange(1), help="Unix milliseconds to verify at; now by default.")
@click.option("--max-age", type=click.IntRange(0), default=300, show_default=True, help="Seconds.")
@click.option("--allow-debug", is_flag=True, help="Take a debug enclave, which its host can look into.")
@json_option
@click.pass_context
def verify_file(
    click_context: click.Context,
    /,
    file: Path,
    *,
    root: Path | None,
    cluster_file: Path | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Verify FILE: chain to the root, signature, time, PCR 0, 1 and 2, and what it is bound to.

    Example: k3s-daas attestation verify document.cbor --pcr0 8f1d... --pcr1 4b4d... --pcr2 21b9... --nonce 00ff...
    """
    cluster = read_cluster_file(cluster_file) if cluster_file else None
    try:
        policy = _policy(root, cluster, asked)
    except (PolicyIncomplete, ValueError) as error:
        raise click.UsageError(str(error)) from error
    data = file.read_bytes()
    try:
        told = {"ok": True, "step": None, "reason": None} | document_json(verify(data, policy))
    except DocumentRefused as error:
        told = {"ok": False, "step": error.step.value, "reason": error.reason} | _readable(data)
    _tell(told, as_json=as_json)
    if not told["ok"]:
        click.echo(f"refused at step {told['step']}: {told['reason']}", err=True)
        click_context.exit(1)


def _policy(root: Path | None, cluster: ClusterFile | None, asked: dict[str, Any]) -> Policy:
    """What the flags demand.

    Raises:
        PolicyIncomplete: nothing is said of the image.
        ValueError: a value is no hexadecimal number.
    """
    moment = asked["at_ms"] or int(time.time() * 1000)
    wanted = {index: _pcr(index, asked[f"pcr{index}"]) for index in _PCRS if asked[f"pcr{index}"] is not None}
    measurements = measurements_of(cluster, moment) if cluster is not None and 0 not in wanted else frozenset()
    if not measurements and 0 not in wanted and not asked["no_pcr_policy"]:
        raise PolicyIncomplete(
            "say which image: --pcr0 (with --pcr1 and --pcr2), --cluster-file, or --no-pcr-policy for any image"
        )
    if root is not None:
        roots = TrustRoots.from_pem(root.read_bytes())
    else:
        roots = TrustRoots.aws() if cluster is None else roots_of(cluster)

    def bound(name: str) -> bytes | None:
        return bytes.fromhex(asked[name]) if asked[name] is not None else None

    return Policy(
        roots=roots,
        at_ms=moment,
        measurements=measurements,
        any_image=not measurements,
        further_pcrs=wanted,
        nonce=bound("nonce"),
        user_data=bound("user_data"),
        public_key=bound("public_key"),
        max_age_ms=asked["max_age"] * 1000,
        allow_debug=asked["allow_debug"],
    )


def _pcr(index: int, text: str) -> bytes:
    value = bytes.fromhex(text)
    if len(value) != _PCR_BYTES or not any(value):
        raise PolicyIncomplete(f"--pcr{index} wants {_PCR_BYTES} bytes in hexadecimal, not all zero")
    return value


def _tell(told: dict[str, Any], *, as_json: bool) -> None:
    """Print a document; for people, one register a line, and those that are zero in one."""

    def human() -> None:
        pcrs = told["pcrs"] or {}
        rows = {name: value for name, value in told.items() if name != "pcrs"}
        rows |= {f"PCR{index}": value for index, value in pcrs.items() if value.strip("0")}
        zero = [index for index, value in pcrs.items() if not value.strip("0")]
        print_fields(rows | ({"zero": f"PCR {', '.join(zero)}"} if zero else {}))

    emit(told, as_json=as_json, human=human)


def _readable(data: bytes) -> dict[str, Any]:
    """The fields of a document that was refused, as far as it is one; nothing of them is true."""
    try:
        return document_json(parse_payload(parse(data).payload, allow_unknown=True))
    except DocumentRefused:
        return dict.fromkeys(("module_id", "timestamp", "pcrs", "public_key", "user_data", "nonce"))
