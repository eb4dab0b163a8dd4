"""The hashed configuration: what every boot of a cluster shares.

Role: the JSON that people write, the BCS that is hashed, and the hash that the contract approves.

Rules: it holds the way to the ledger and what may leave the enclave, nothing else; never a challenge, a limit or a
deadline (those stand in `Cluster`). Unknown or missing JSON fields are refused.

It opens no connection.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from chain.errors import SettingsError
from chain.limits import LIMITS
from sui.bcs import BOOL, STRING, U16, bounded_bytes, struct, vector
from sui.errors import BcsError

if TYPE_CHECKING:
    from sui.bcs import Codec

CONFIGURATION_DOMAIN = b"k3s-daas::configuration::v1"
"""Domain of a configuration."""

SYSTEM_CA = "system"
"""Value of `rpc_ca` that means the machine's own trust store."""

_HOST_PORT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:([1-9][0-9]{0,4})\Z")


@dataclass(frozen=True)
class Configuration:
    """What the enclave's image is started with, and what its hash stands for on chain."""

    domain: bytes
    version: int
    rpc: str
    rpc_ca: str
    plaintext: bool
    egress: tuple[str, ...]

    @property
    def encoded(self) -> bytes:
        """The BCS that is hashed, and that the parent hands to the enclave."""
        return CONFIGURATION.encode(self)

    @property
    def hash(self) -> bytes:
        """SHA-256 of the BCS: what the contract approves and the manifest names."""
        return hashlib.sha256(self.encoded).digest()

    def to_json(self) -> str:
        """The text form, for files."""
        fields = asdict(self)
        del fields["domain"]
        return json.dumps(fields, indent=2) + "\n"


CONFIGURATION: Codec[Configuration] = struct(
    Configuration,
    domain=bounded_bytes(64),
    version=U16,
    rpc=STRING,
    rpc_ca=STRING,
    plaintext=BOOL,
    egress=vector(STRING, max_len=LIMITS.egress_entries),
)
"""BCS of a configuration."""


def make_configuration(
    rpc: str, *, rpc_ca: str = SYSTEM_CA, plaintext: bool = False, egress: tuple[str, ...] = ()
) -> Configuration:
    """Make a configuration of the current version.

    Args:
        rpc: the ledger, as `host:port`.
        rpc_ca: `system`, or the PEM of the one CA that signs the ledger's certificate; empty with `plaintext`.
        plaintext: no TLS to the ledger; a release image refuses it.
        egress: what else may be reached from inside, as `host:port`.

    Raises:
        SettingsError: a field is not usable.
    """
    return _checked(Configuration(CONFIGURATION_DOMAIN, 1, rpc, "" if plaintext else rpc_ca, plaintext, egress))


def decode_configuration(data: bytes) -> Configuration:
    """Read the BCS of a configuration.

    Raises:
        SettingsError: it is not one.
    """
    if len(data) > LIMITS.configuration_bytes:
        raise SettingsError(f"a configuration has at most {LIMITS.configuration_bytes} bytes")
    try:
        return _checked(CONFIGURATION.decode(data))
    except BcsError as error:
        raise SettingsError(f"the configuration cannot be read: {error}") from error


def parse_configuration(text: str) -> Configuration:
    """Read the JSON of a configuration.

    Raises:
        SettingsError: it is not one.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"the configuration is not JSON: {error}") from error
    wanted = {"version": int, "rpc": str, "rpc_ca": str, "plaintext": bool, "egress": list}
    if not isinstance(raw, dict) or raw.keys() != wanted.keys():
        raise SettingsError(f"a configuration is a JSON object with exactly the fields {', '.join(wanted)}")
    for name, kind in wanted.items():
        if type(raw[name]) is not kind:
            raise SettingsError(f"configuration field {name!r} must be {kind.__name__}")
    if not all(isinstance(entry, str) for entry in raw["egress"]):
        raise SettingsError("configuration field 'egress' must be a list of 'host:port'")
    return _checked(
        Configuration(
            CONFIGURATION_DOMAIN,
            raw["version"],
            raw["rpc"],
            raw["rpc_ca"],
            raw["plaintext"],
            tuple(raw["egress"]),
        )
    )


def _checked(config: Configuration) -> Configuration:
    if config.domain != CONFIGURATION_DOMAIN or config.version != 1:
        raise SettingsError("the configuration is of another version or product; this program reads version 1")
    for place in (config.rpc, *config.egress):
        match = _HOST_PORT.match(place)
        if match is None or int(match[2]) > 65_535:
            raise SettingsError(f"configuration: {place!r} is not 'host:port'")
    if len(config.egress) > LIMITS.egress_entries:
        raise SettingsError(f"configuration: at most {LIMITS.egress_entries} egress entries")
    if config.plaintext and config.rpc_ca:
        raise SettingsError("configuration: 'rpc_ca' must be empty where 'plaintext' is true")
    if not config.plaintext and config.rpc_ca != SYSTEM_CA and "-----BEGIN CERTIFICATE-----" not in config.rpc_ca:
        raise SettingsError("configuration: 'rpc_ca' must be 'system' or a PEM certificate")
    return config
