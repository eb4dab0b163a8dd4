"""What the parent tells a booting enclave, checked and kept as public files for all its processes.

The boot parameters are bound by the attestation document (the challenge as its nonce, the rest through the manifest),
so the parent can choose them but not lie about them. The activation is a hint: whoever acts on it checks it on the
ledger.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chain.configuration import Configuration, decode_configuration
from chain.errors import ChainError
from enclave.errors import BootRefused
from sui.errors import SuiError
from sui.types import Address

if TYPE_CHECKING:
    from pathlib import Path

_CHAIN_ID_BYTES = 32
_CHALLENGE_BYTES = (16, 512)
_U64 = 1 << 64


@dataclass(frozen=True)
class BootParameters:
    """One boot's parameters.

    Attributes:
        chain_id: The genesis checkpoint's digest.
        package: The contract's original package id.
        cluster: The cluster.
        configuration: The hashed configuration.
        challenge: What the registration's document carries as its nonce.
    """

    chain_id: bytes
    package: Address
    cluster: Address
    configuration: Configuration
    challenge: bytes

    @classmethod
    def parse(cls, params: Any) -> BootParameters:
        """Check what came from the parent.

        Raises:
            BootRefused: a field is missing, unknown, or not what it should be.
        """
        fields = _texts(params, ("chain_id", "package", "cluster", "configuration", "challenge"))
        try:
            chain_id, challenge = bytes.fromhex(fields["chain_id"]), bytes.fromhex(fields["challenge"])
            package, cluster = Address.parse(fields["package"]), Address.parse(fields["cluster"])
            configuration = decode_configuration(bytes.fromhex(fields["configuration"]))
        except (ValueError, SuiError, ChainError) as error:
            raise BootRefused(f"a boot parameter cannot be read: {error}") from None
        if len(chain_id) != _CHAIN_ID_BYTES:
            raise BootRefused(f"chain_id has {len(chain_id)} bytes, not {_CHAIN_ID_BYTES}")
        least, most = _CHALLENGE_BYTES
        if not least <= len(challenge) <= most:
            raise BootRefused(f"the challenge has {len(challenge)} bytes; {least} to {most} are expected")
        return cls(chain_id, package, cluster, configuration, challenge)

    def as_json(self) -> dict[str, str]:
        """The form in which `parse` reads it."""
        return {
            "chain_id": self.chain_id.hex(),
            "package": str(self.package),
            "cluster": str(self.cluster),
            "configuration": self.configuration.encoded.hex(),
            "challenge": self.challenge.hex(),
        }


@dataclass(frozen=True)
class Activation:
    """The parent's hint which Enclave object and epoch this boot has become."""

    enclave: Address
    epoch: int

    @classmethod
    def parse(cls, params: Any) -> Activation:
        """Check what came from the parent.

        Raises:
            BootRefused: it is not an id and a number.
        """
        if not isinstance(params, dict) or set(params) != {"enclave", "epoch"}:
            raise BootRefused("an activation has exactly the fields enclave and epoch")
        enclave, epoch = params["enclave"], params["epoch"]
        if not isinstance(enclave, str) or type(epoch) is not int or not 0 <= epoch < _U64:
            raise BootRefused("an activation is an object id and an epoch")
        try:
            return cls(Address.parse(enclave), epoch)
        except SuiError as error:
            raise BootRefused(f"the enclave's id cannot be read: {error}") from None

    def as_json(self) -> dict[str, Any]:
        """The form in which `parse` reads it."""
        return {"enclave": str(self.enclave), "epoch": self.epoch}


def read_parameters(path: Path) -> BootParameters:
    """Read the boot parameters inside a child process."""
    return BootParameters.parse(json.loads(path.read_bytes()))


def read_activation(path: Path) -> Activation | None:
    """Read the activation hint, or None while it has not come."""
    try:
        return Activation.parse(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None


def write_public(path: Path, value: BootParameters | Activation) -> None:
    """Write a file that every process may read and none but the supervisor may change."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(value.as_json()))
    temporary.chmod(0o644)
    temporary.replace(path)


def _texts(params: Any, names: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(params, dict) or set(params) != set(names):
        raise BootRefused(f"boot parameters have exactly the fields {', '.join(names)}")
    if not all(isinstance(value, str) for value in params.values()):
        raise BootRefused("boot parameters are texts")
    return params
