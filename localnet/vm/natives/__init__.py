"""Functions of 0x1 and 0x2 that Move declares `native`, one module a concern.

Costs are charged by the amounts of Sui's native cost table where they are known (`costs`).
"""

from __future__ import annotations

from localnet.vm.natives import (
    address,
    bcs,
    config,
    debug,
    dynamic_field,
    ecdsa,
    ed25519,
    event,
    hashes,
    nitro,
    objects,
    strings,
    transfer,
    tx_context,
    type_name,
    types,
    unsupported,
    vector,
)
from localnet.vm.natives.registry import Registry, registered

__all__ = [
    "Registry",
    "address",
    "bcs",
    "config",
    "debug",
    "dynamic_field",
    "ecdsa",
    "ed25519",
    "event",
    "hashes",
    "nitro",
    "objects",
    "registry",
    "strings",
    "transfer",
    "tx_context",
    "type_name",
    "types",
    "unsupported",
    "vector",
]


def registry() -> Registry:
    """Return all natives."""
    return registered()
