"""What one transaction does to objects, until it is known whether it may.

Rules:
    * nothing here touches the store: a failed transaction's changes are dropped by `reset`;
    * an object that was there before and is neither written nor removed stays as it is, except that every mutable
      input gets the transaction's version (`touch_inputs`);
    * all objects that are written get the same version, the transaction's Lamport version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localnet.ledger.gas import move_size, package_object_size
from localnet.ledger.records import ObjectRecord
from sui.digests import object_digest
from sui.object import OBJECT, MoveObject, MovePackage, Object
from sui.types import IMMUTABLE, ObjectRef, SharedOwner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localnet.ledger.gas import GasAccount
    from localnet.ledger.validate import InputObject
    from sui.object import MoveObjectType
    from sui.types import Address, Digest, Owner


@dataclass(frozen=True, slots=True)
class Draft:
    """A Move object as a transaction leaves it, before it has its version."""

    type: MoveObjectType
    has_public_transfer: bool
    contents: bytes
    owner: Owner


class Changes:
    """The objects of one transaction: what they were, and what they become."""

    def __init__(self, inputs: Mapping[Address, InputObject], gas: tuple[ObjectRecord, ...]) -> None:
        """Start with the inputs and gas coins as they are."""
        self.inputs = inputs
        self.gas = {coin.ref.object_id: coin for coin in gas}
        self.loaded: dict[Address, ObjectRecord] = {}
        self.written: dict[Address, Draft | MovePackage] = {}
        self.removed: set[Address] = set()
        self.created: set[Address] = set()
        self.deleted: set[Address] = set()
        self.rebates: dict[Address, int] = {}

    def reset(self) -> None:
        """Drop everything that was changed."""
        self.written.clear()
        self.removed.clear()
        self.created.clear()
        self.deleted.clear()
        self.rebates.clear()

    def before(self, object_id: Address) -> ObjectRecord | None:
        """Return what an object was when the transaction started, None if it was not there or not touched."""
        given = self.inputs.get(object_id)
        if given is not None:
            return given.record
        return self.gas.get(object_id) or self.loaded.get(object_id)

    def write(self, object_id: Address, value: Draft | MovePackage) -> None:
        """Set what an object becomes."""
        self.written[object_id] = value
        self.removed.discard(object_id)

    def remove(self, object_id: Address) -> None:
        """Note that an object that was there is gone: deleted, or wrapped into another."""
        self.written.pop(object_id, None)
        self.removed.add(object_id)

    def rewrite(self, record: ObjectRecord, contents: bytes | None = None) -> None:
        """Write a Move object that was there, with new contents if they are given."""
        data = record.object.data
        if isinstance(data, MoveObject):
            kept = data.contents if contents is None else contents
            self.write(record.ref.object_id, Draft(data.type, data.has_public_transfer, kept, record.object.owner))

    def touch_inputs(self) -> None:
        """Write every mutable input that was neither written nor removed as it was."""
        for object_id, given in self.inputs.items():
            if given.mutable and object_id not in self.written and object_id not in self.removed:
                self.rewrite(given.record)
        for object_id, coin in self.gas.items():
            if object_id not in self.written and object_id not in self.removed:
                self.rewrite(coin)

    def charge_storage(self, account: GasAccount) -> None:
        """Charge every object that is written, and give back what removed ones had paid."""
        owner_size = account.limits.owner_size_bytes
        for object_id, value in self.written.items():
            before = self.before(object_id)
            if isinstance(value, Draft):
                size = move_size(value.type, len(value.contents), owner_size)
            else:
                size = package_object_size(value, owner_size)
            paid = 0 if before is None else before.object.storage_rebate
            self.rebates[object_id] = account.charge_storage(size, paid)
        for object_id in self.removed:
            before = self.before(object_id)
            if before is not None:
                account.charge_storage(0, before.object.storage_rebate)

    def keep_rebates(self, account: GasAccount) -> None:
        """Leave what written objects had paid with them, and give back what removed ones had paid."""
        for object_id in self.written:
            before = self.before(object_id)
            self.rebates[object_id] = 0 if before is None else before.object.storage_rebate
        for object_id in self.removed:
            before = self.before(object_id)
            if before is not None:
                account.charge_storage(0, before.object.storage_rebate)

    def records(self, version: int, transaction: Digest) -> dict[Address, ObjectRecord]:
        """Return the objects that the transaction writes, in the order of their ids."""
        result: dict[Address, ObjectRecord] = {}
        for object_id in sorted(self.written):
            value = self.written[object_id]
            rebate = self.rebates.get(object_id, 0)
            if isinstance(value, Draft):
                owner = value.owner
                if isinstance(owner, SharedOwner):
                    owner = self._shared(object_id, version)
                data = MoveObject(value.type, value.has_public_transfer, version, value.contents)
                whole = Object(data, owner, transaction, rebate)
                number = version
            else:
                whole = Object(value, IMMUTABLE, transaction, rebate)
                number = value.version
            bcs = OBJECT.encode(whole)
            result[object_id] = ObjectRecord(ObjectRef(object_id, number, object_digest(bcs)), whole, bcs)
        return result

    def _shared(self, object_id: Address, version: int) -> SharedOwner:
        before = self.before(object_id)
        if before is not None and isinstance(before.object.owner, SharedOwner):
            return before.object.owner
        return SharedOwner(version)
