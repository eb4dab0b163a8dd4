"""Objects and packages as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.ledger.packages import original_id
from localnet.rpc.render_common import bcs, owner
from localnet.rpc.render_json import json_value
from sui.object import MoveObject, MovePackage
from sui.rpc.v2 import object_pb2 as pb
from sui.type_tag import SUI_FRAMEWORK, StructTag

if TYPE_CHECKING:
    from localnet.ledger import Ledger, ObjectRecord
    from localnet.rpc.masks import Mask

PACKAGE_TYPE = "package"


def is_coin(tag: StructTag) -> bool:
    """Return whether a type is `0x2::coin::Coin<T>`."""
    return tag.address == SUI_FRAMEWORK and tag.module == "coin" and tag.name == "Coin" and len(tag.type_params) == 1


def coin_balance(record: ObjectRecord) -> int | None:
    """Return the balance of a coin, None for any other object."""
    data = record.object.data
    if not isinstance(data, MoveObject) or not is_coin(data.tag):
        return None
    return int.from_bytes(data.contents[32:40], "little")


def type_text(record: ObjectRecord) -> str:
    """Return an object's type as text."""
    data = record.object.data
    return str(data.tag) if isinstance(data, MoveObject) else PACKAGE_TYPE


def package_parts(value: MovePackage, mask: Mask) -> pb.Package:
    """Return a package without the declarations of its modules."""
    out = pb.Package()
    if "storage_id" in mask:
        out.storage_id = str(value.id)
    if "original_id" in mask:
        out.original_id = str(original_id(value))
    if "version" in mask:
        out.version = value.version
    if "modules" in mask:
        for name, code in value.module_map.items():
            module = out.modules.add()
            if "name" in mask["modules"]:
                module.name = name
            if "contents" in mask["modules"]:
                module.contents = code
    if "type_origins" in mask:
        for origin in value.type_origin_table:
            out.type_origins.add(
                module_name=origin.module_name, datatype_name=origin.datatype_name, package_id=str(origin.package)
            )
    if "linkage" in mask:
        for original, info in value.linkage_table.items():
            out.linkage.add(
                original_id=str(original),
                upgraded_id=str(info.upgraded_id),
                upgraded_version=info.upgraded_version,
            )
    return out


def object_message(ledger: Ledger, record: ObjectRecord, mask: Mask) -> pb.Object:
    """Return one version of an object, as much of it as is wanted."""
    out = pb.Object()
    ref, value = record.ref, record.object
    data = value.data
    if "bcs" in mask:
        out.bcs.CopyFrom(bcs("Object", record.bcs))
    if "object_id" in mask:
        out.object_id = str(ref.object_id)
    if "version" in mask:
        out.version = ref.version
    if "digest" in mask:
        out.digest = str(ref.digest)
    if "owner" in mask:
        out.owner.CopyFrom(owner(value.owner))
    if "object_type" in mask:
        out.object_type = type_text(record)
    if "previous_transaction" in mask:
        out.previous_transaction = str(value.previous_transaction)
    if "storage_rebate" in mask:
        out.storage_rebate = value.storage_rebate
    if isinstance(data, MovePackage):
        if "package" in mask:
            out.package.CopyFrom(package_parts(data, mask["package"]))
        return out
    if "has_public_transfer" in mask:
        out.has_public_transfer = data.has_public_transfer
    if "contents" in mask:
        out.contents.CopyFrom(bcs(type_text(record), data.contents))
    if "json" in mask:
        shown = json_value(ledger.vm, data.tag, data.contents)
        if shown is not None:
            out.json.CopyFrom(shown)
    if "balance" in mask:
        balance = coin_balance(record)
        if balance is not None:
            out.balance = balance
    return out
