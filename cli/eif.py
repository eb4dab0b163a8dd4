"""`eif`: enclave images: what is in them, what the hypervisor will measure, who signed them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from attestation import eif
from attestation.eif_pcrs import ALGORITHM, ImagePcrs
from attestation.eif_signature import read_signature, sign_image, verify_image
from attestation.errors import ImageRefused
from cli.errors import CommandError
from cli.home import write_whole
from cli.output import emit, json_option

_FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))


@click.group()
def group() -> None:
    """Enclave images (EIF).

    Example: k3s-daas eif pcrs build/k3s-daas.eif
    """


@group.command()
@_FILE
@json_option
def describe(file: Path, *, as_json: bool) -> None:
    """Show what FILE holds, in nitro-cli's words.

    Example: k3s-daas eif describe build/k3s-daas.eif --json
    """
    image = eif.decode(file.read_bytes())
    emit(_described(image), as_json=as_json)


@group.command()
@_FILE
@click.option("--at", "at_ms", type=int, help="Unix milliseconds to check the certificate at; now by default.")
@json_option
def verify(file: Path, *, at_ms: int | None, as_json: bool) -> None:
    """Check FILE: form, sections, checksum, and the signature if it has one.

    Example: k3s-daas eif verify build/k3s-daas.eif
    """
    image = eif.decode(file.read_bytes())
    pcrs = verify_image(image, at=_moment(at_ms))
    emit({"ok": True, "IsSigned": bool(image.signature)} | _measurements(pcrs), as_json=as_json)


@group.command()
@_FILE
@json_option
def pcrs(file: Path, *, as_json: bool) -> None:
    """Print what a hypervisor will measure of FILE.

    Example: k3s-daas eif pcrs build/k3s-daas.eif --json > pcrs.json
    """
    image = eif.decode(file.read_bytes())
    emit(_measurements(verify_image(image, at=_signing_time(image))), as_json=as_json)


@group.command()
@_FILE
@click.option("--key", type=click.Path(path_type=Path, exists=True), required=True, help="P-384 private key, PEM.")
@click.option(
    "--certificate", type=click.Path(path_type=Path, exists=True), required=True, help="Its certificate, PEM."
)
@click.option("--out", type=click.Path(path_type=Path), help="Where to write; FILE itself by default.")
@json_option
def sign(file: Path, key: Path, certificate: Path, out: Path | None, *, as_json: bool) -> None:
    """Sign FILE: PCR8 will then say by which certificate.

    Example: k3s-daas eif sign build/k3s-daas.eif --key signing.pem --certificate signing.crt
    """
    image = eif.decode(file.read_bytes())
    signed = sign_image(image, _private_key(key), certificate.read_bytes())
    measured = verify_image(signed, at=_moment(None))
    write_whole(out or file, eif.encode(signed))
    emit({"file": str(out or file)} | _measurements(measured), as_json=as_json)


def _private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise CommandError(f"{path} holds no private key in PEM without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CommandError(f"{path} holds no elliptic curve key; an image is signed with P-384")
    return key


def _described(image: eif.Image) -> dict[str, Any]:
    """An image in the words of `nitro-cli describe-eif`."""
    found = read_signature(image)
    told: dict[str, Any] = {"EifVersion": eif.VERSION, "CheckCRC": True, "IsSigned": found is not None}
    told |= _measurements(verify_image(image, at=_signing_time(image)))
    if found is not None:
        certificate = found.certificate
        told["SigningCertificate"] = {
            "IssuerName": certificate.issuer.rfc4514_string(),
            "SubjectName": certificate.subject.rfc4514_string(),
            "NotBefore": certificate.not_valid_before_utc.isoformat(),
            "NotAfter": certificate.not_valid_after_utc.isoformat(),
        }
    told["Sections"] = [{"type": section.type.name.lower(), "bytes": len(section.data)} for section in image.sections]
    told["DefaultMemoryMiB"], told["DefaultCPUs"] = image.default_mem >> 20, image.default_cpus
    told["Cmdline"] = image.cmdline.decode("utf-8", "backslashreplace")
    return told | _metadata(image)


def _metadata(image: eif.Image) -> dict[str, Any]:
    """Name, version and metadata; nobody measures them."""
    if not image.metadata:
        return {}
    try:
        said = json.loads(image.metadata)
    except ValueError:
        raise ImageRefused("metadata", "the metadata section is not JSON") from None
    if not isinstance(said, dict):
        raise ImageRefused("metadata", "the metadata section is not a JSON object")
    rest = {name: value for name, value in said.items() if name not in {"ImageName", "ImageVersion"}}
    return {"ImageName": said.get("ImageName"), "ImageVersion": said.get("ImageVersion"), "Metadata": rest}


def _measurements(measured: ImagePcrs) -> dict[str, Any]:
    return {"Measurements": {"HashAlgorithm": ALGORITHM} | measured.as_nitro()}


def _signing_time(image: eif.Image) -> datetime:
    """A time at which the certificate is valid: describing an image asks for no date."""
    found = read_signature(image)
    return datetime.now(UTC) if found is None else found.certificate.not_valid_before_utc


def _moment(at_ms: int | None) -> datetime:
    return datetime.now(UTC) if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)
