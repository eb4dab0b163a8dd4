"""Calls about enclaves: challenge, registration, activation, revocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.bindings.arguments import (
    CLOCK,
    FRAMEWORK,
    owned_argument,
    shared_argument,
)
from sui.bcs import BYTES

if TYPE_CHECKING:
    from chain.bindings.arguments import Contract, SharedRef
    from sui.builder import ProgrammableBuilder
    from sui.transaction import Argument, Result
    from sui.types import ObjectRef


def new_challenge(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, operator: ObjectRef | Argument
) -> Result:
    """Make a challenge; it goes to the sender, and the 32 bytes of its id are the nonce."""
    arguments = [shared_argument(builder, cluster), owned_argument(builder, operator), shared_argument(builder, CLOCK)]
    return builder.move_call(contract.package, "enclave", "new_challenge", arguments)


def discard_challenge(builder: ProgrammableBuilder, contract: Contract, challenge: ObjectRef) -> Result:
    """Throw a challenge away."""
    return builder.move_call(contract.package, "enclave", "discard_challenge", [owned_argument(builder, challenge)])


def register(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    operator: ObjectRef | Argument,
    challenge: ObjectRef,
    *,
    document: bytes,
    hpke_key: bytes,
    tls_ca_hash: bytes,
    configuration_hash: bytes,
) -> Result:
    """Register the enclave that an attestation document speaks for: two commands, the ledger verifies the first."""
    clock = shared_argument(builder, CLOCK)
    verified = builder.move_call(
        FRAMEWORK, "nitro_attestation", "load_nitro_attestation", [builder.pure_value(BYTES, document), clock]
    )
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, operator),
        owned_argument(builder, challenge),
        verified,
        builder.pure_value(BYTES, hpke_key),
        builder.pure_value(BYTES, tls_ca_hash),
        builder.pure_value(BYTES, configuration_hash),
        clock,
    ]
    return builder.move_call(contract.package, "enclave", "register", arguments)


def renew(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    operator: ObjectRef | Argument,
    *,
    enclave: SharedRef,
    challenge: ObjectRef,
    document: bytes,
    configuration_hash: bytes,
) -> Result:
    """Let a registration last longer, by a new document of the same key."""
    clock = shared_argument(builder, CLOCK)
    verified = builder.move_call(
        FRAMEWORK, "nitro_attestation", "load_nitro_attestation", [builder.pure_value(BYTES, document), clock]
    )
    arguments = [
        shared_argument(builder, cluster),
        owned_argument(builder, operator),
        shared_argument(builder, enclave, mutable=True),
        owned_argument(builder, challenge),
        verified,
        builder.pure_value(BYTES, configuration_hash),
        clock,
    ]
    return builder.move_call(contract.package, "enclave", "renew", arguments)


def activate(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    operator: ObjectRef | Argument,
    enclave: SharedRef,
) -> Result:
    """Make an enclave the active one."""
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, operator),
        shared_argument(builder, enclave, mutable=True),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "enclave", "activate", arguments)


def revoke_enclave(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    cap: ObjectRef | Argument,
    enclave: SharedRef,
    *,
    by_admin: bool = False,
) -> Result:
    """Revoke an enclave with the OperatorCap, or with the AdminCap."""
    arguments = [
        shared_argument(builder, cluster),
        owned_argument(builder, cap),
        shared_argument(builder, enclave, mutable=True),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "enclave", "revoke_by_admin" if by_admin else "revoke", arguments)
