"""The attestation document's payload: field names, types and limits.

A parsed document is well formed and nothing more: who signed it and whether it is the wanted one are the
verifier's business.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from attestation import cbor
from attestation.errors import MalformedDocument, Step
from attestation.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUIRED = ("module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle")
_OPTIONAL = ("public_key", "user_data", "nonce")
_DIGEST = "SHA384"


@dataclass(frozen=True)
class Document:
    """The fields of an attestation document; absent and null optionals are None, which never equals empty bytes."""

    module_id: str
    timestamp_ms: int
    pcrs: Mapping[int, bytes]
    certificate: bytes
    cabundle: tuple[bytes, ...]
    public_key: bytes | None
    user_data: bytes | None
    nonce: bytes | None

    @property
    def replay_key(self) -> bytes:
        """What two copies of one statement share, however their bytes and their malleable signatures differ."""
        return hashlib.sha256(cbor.encode([self.module_id, self.public_key, self.nonce])).digest()


def parse_payload(payload: bytes, *, allow_unknown: bool = False, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Decode and check the payload of a document.

    Args:
        payload: the COSE payload as received.
        allow_unknown: accept further fields; they are ignored.
        limits: the caps.

    Raises:
        MalformedDocument: at step FIELDS, naming the field.
    """
    try:
        fields = cbor.decode(payload, limits=limits)
    except cbor.CborError as error:
        raise MalformedDocument(Step.FIELDS, f"payload: {error}") from None
    if not isinstance(fields, dict):
        raise _malformed("the payload is not a map")
    for name in _REQUIRED:
        if name not in fields:
            raise _malformed(f"{name} is missing")
    if not allow_unknown and set(fields) - {*_REQUIRED, *_OPTIONAL}:
        raise _malformed("there is a field that documents do not have")
    module_id, timestamp = fields["module_id"], fields["timestamp"]
    if not isinstance(module_id, str) or not 1 <= len(module_id.encode()) <= limits.module_id_bytes:
        raise _malformed(f"module_id is not a text of 1 to {limits.module_id_bytes} bytes")
    if fields["digest"] != _DIGEST:
        raise _malformed(f"digest is not {_DIGEST}")
    if isinstance(timestamp, bool) or not isinstance(timestamp, int) or not 0 < timestamp < 1 << 63:
        raise _malformed("timestamp is not a positive integer")
    return Document(
        module_id=module_id,
        timestamp_ms=timestamp,
        pcrs=_pcrs(fields["pcrs"], limits),
        certificate=_sized(fields["certificate"], "certificate", 1, limits.certificate_bytes),
        cabundle=_cabundle(fields["cabundle"], limits),
        public_key=_optional(fields.get("public_key"), "public_key", limits.public_key_bytes),
        user_data=_optional(fields.get("user_data"), "user_data", limits.user_data_bytes),
        nonce=_optional(fields.get("nonce"), "nonce", limits.nonce_bytes),
    )


def _pcrs(value: cbor.Value, limits: Limits) -> Mapping[int, bytes]:
    if not isinstance(value, dict) or not 1 <= len(value) <= limits.pcr_count:
        raise _malformed(f"pcrs is not a map of 1 to {limits.pcr_count} entries")
    checked: dict[int, bytes] = {}
    for index, digest in value.items():
        if not isinstance(index, int) or not 0 <= index < limits.pcr_count:
            raise _malformed(f"a PCR index is not an integer below {limits.pcr_count}")
        checked[index] = _sized(digest, f"PCR{index}", limits.pcr_bytes, limits.pcr_bytes)
    return MappingProxyType(dict(sorted(checked.items())))


def _cabundle(value: cbor.Value, limits: Limits) -> tuple[bytes, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= limits.chain_certificates:
        raise _malformed(f"cabundle is not an array of 1 to {limits.chain_certificates} certificates")
    return tuple(_sized(item, "a certificate of the cabundle", 1, limits.certificate_bytes) for item in value)


def _sized(value: cbor.Value, name: str, least: int, most: int) -> bytes:
    if not isinstance(value, bytes) or not least <= len(value) <= most:
        wanted = str(most) if least == most else f"{least} to {most}"
        raise _malformed(f"{name} is not a byte string of {wanted} bytes")
    return value


def _optional(value: cbor.Value, name: str, most: int) -> bytes | None:
    return None if value is None else _sized(value, name, 0, most)


def _malformed(reason: str) -> MalformedDocument:
    return MalformedDocument(Step.FIELDS, reason)
