"""`sui::nitro_attestation`: the verifier is the ledger's (`NativesConfig.nitro`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.errors import NativeAbort
from localnet.vm.natives.registry import plain
from localnet.vm.ports import NitroRefused

if TYPE_CHECKING:
    from localnet.vm.session import Session
    from localnet.vm.values import Value

_NOT_SUPPORTED = 0
_PARSE = (2_650, 50)
_VERIFY = (2_481_600, 2_618_450)
_CERTIFICATES = 4


def _option(value: bytes | None) -> Value:
    return [[] if value is None else [bytearray(value)]]


@plain("0x2", "nitro_attestation", "load_nitro_attestation_internal")
def load(session: Session, document: bytearray, clock_ms: int) -> Value:
    """Return the fields of a document that verifies at this time."""
    verify = session.config.nitro
    if verify is None:
        raise NativeAbort(_NOT_SUPPORTED)
    session.charge(_PARSE[0] + _PARSE[1] * len(document) + _VERIFY[0] + _VERIFY[1] * _CERTIFICATES)
    try:
        fields = verify(bytes(document), clock_ms)
    except NitroRefused as error:
        raise NativeAbort(error.code) from error
    return [
        bytearray(fields.module_id),
        fields.timestamp,
        bytearray(fields.digest),
        [[index, bytearray(value)] for index, value in fields.pcrs],
        _option(fields.public_key),
        _option(fields.user_data),
        _option(fields.nonce),
    ]
