"""`sui::tx_context`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from localnet.vm.natives.registry import plain
from sui.types import Address

if TYPE_CHECKING:
    from localnet.vm.session import Session
    from localnet.vm.values import Value


@plain("0x2", "tx_context", "native_sender")
def native_sender(session: Session) -> Address:
    """Return who sent the transaction."""
    session.native_units += 30
    return session.context.sender


@plain("0x2", "tx_context", "native_epoch")
def native_epoch(session: Session) -> int:
    """Return the epoch."""
    session.native_units += 30
    return session.context.epoch


@plain("0x2", "tx_context", "native_epoch_timestamp_ms")
def native_epoch_timestamp_ms(session: Session) -> int:
    """Return when the epoch began."""
    session.native_units += 30
    return session.context.epoch_timestamp_ms


@plain("0x2", "tx_context", "fresh_id")
def fresh_id(session: Session) -> Address:
    """Return a new object's id."""
    session.native_units += 52
    object_id = session.context.fresh_id()
    session.record_new_id(object_id)
    return object_id


@plain("0x2", "tx_context", "native_rgp")
def native_rgp(session: Session) -> int:
    """Return the reference gas price."""
    session.native_units += 30
    return session.context.reference_gas_price


@plain("0x2", "tx_context", "native_gas_price")
def native_gas_price(session: Session) -> int:
    """Return the transaction's gas price."""
    session.native_units += 30
    return session.context.gas_price


@plain("0x2", "tx_context", "native_gas_budget")
def native_gas_budget(session: Session) -> int:
    """Return the transaction's gas budget."""
    session.native_units += 30
    return session.context.gas_budget


@plain("0x2", "tx_context", "native_ids_created")
def native_ids_created(session: Session) -> int:
    """Return how many ids were made."""
    session.native_units += 30
    return session.context.ids_created


@plain("0x2", "tx_context", "native_sponsor")
def native_sponsor(session: Session) -> Value:
    """Return who pays, if it is another than the sender, as a vector."""
    session.native_units += 30
    return [] if session.context.sponsor is None else [session.context.sponsor]


@plain("0x2", "tx_context", "derive_id")
def derive_id(session: Session, digest: bytearray, count: int) -> Address:
    """Return the id that a transaction makes as its `count`-th."""
    session.native_units += 52
    seed = b"\xf1" + digest + count.to_bytes(8, "little")
    return Address(hashlib.blake2b(seed, digest_size=32).digest())
