"""Cryptography that this VM does not have: it aborts as Sui does where a feature is off, and says so in the message."""

from __future__ import annotations

from typing import Any

from localnet.vm.errors import VmError
from localnet.vm.natives.registry import plain

NOT_HERE = (
    ("vdf", "hash_to_input_internal"),
    ("vdf", "vdf_verify_internal"),
    ("ecvrf", "ecvrf_verify"),
    ("groth16", "prepare_verifying_key_internal"),
    ("groth16", "verify_groth16_proof_internal"),
    ("group_ops", "internal_validate"),
    ("group_ops", "internal_add"),
    ("group_ops", "internal_sub"),
    ("group_ops", "internal_mul"),
    ("group_ops", "internal_div"),
    ("group_ops", "internal_hash_to"),
    ("group_ops", "internal_multi_scalar_mul"),
    ("group_ops", "internal_pairing"),
    ("group_ops", "internal_convert"),
    ("group_ops", "internal_sum"),
    ("zklogin_verified_id", "check_zklogin_id_internal"),
    ("zklogin_verified_issuer", "check_zklogin_issuer_internal"),
    ("poseidon", "poseidon_bn254_internal"),
    ("bls12381", "bls12381_min_sig_verify"),
    ("bls12381", "bls12381_min_pk_verify"),
    ("accumulator", "emit_deposit_event"),
    ("accumulator", "emit_withdraw_event"),
    ("accumulator_settlement", "record_settlement_sui_conservation"),
    ("funds_accumulator", "add_to_accumulator_address"),
    ("funds_accumulator", "withdraw_from_accumulator_address"),
)


def _refuse(module: str, name: str) -> None:
    @plain("0x2", module, name)
    def native(*_: Any) -> Any:
        raise VmError("MISSING_DEPENDENCY", detail=f"native 0x2::{module}::{name} is not supported here")


for _module, _name in NOT_HERE:
    _refuse(_module, _name)
