"""A currency, enums, generics and dynamic object fields, as clients are told of them."""

import base64
import json
from pathlib import Path

import pytest

from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.effects import PackageWrite
from sui.rpc.v2 import common_pb2, object_pb2
from sui.rpc.v2 import ledger_service_pb2 as ledger_pb
from sui.rpc.v2 import move_package_service_pb2 as package_pb
from sui.rpc.v2 import state_service_pb2 as state_pb
from sui.type_tag import U64_TAG, StructTag
from sui.types import Address, SharedOwner

COMPILED = Path(__file__).parent / "coins" / "compiled.json"


@pytest.fixture
def mint(served):
    compiled = json.loads(COMPILED.read_text())
    builder = ProgrammableBuilder()
    modules = [base64.b64decode(module) for module in compiled["modules"]]
    cap = builder.publish(modules, [Address.parse(item) for item in compiled["dependencies"]])
    builder.transfer_objects([cap], builder.pure(served.address))
    changes = served.run(builder).effects.changed_objects
    return next(item.object_id for item in changes if isinstance(item.output_state, PackageWrite))


async def test_coin_info(served, stubs, mint):
    currency = StructTag.parse(f"{mint}::mint::MINT")
    info = await stubs.state.GetCoinInfo(state_pb.GetCoinInfoRequest(coin_type=str(currency)))
    assert info.coin_type == str(currency)
    assert (info.metadata.decimals, info.metadata.symbol, info.metadata.name) == (3, "MNT", "Mint")
    assert not info.metadata.HasField("icon_url")
    treasury = Address.parse(info.treasury.id)
    assert info.treasury.total_supply == 0
    builder = ProgrammableBuilder()
    cap = builder.obj(served.owned(treasury))
    amount = builder.pure_value(bcs.U64, 1_234)
    coin = builder.move_call(Address.parse("0x2"), "coin", "mint", [cap, amount], [currency])
    builder.transfer_objects([coin], builder.pure(served.address))
    executed = served.run(builder)
    info = await stubs.state.GetCoinInfo(state_pb.GetCoinInfoRequest(coin_type=str(currency)))
    assert info.treasury.total_supply == 1_234
    first = await stubs.state.ListBalances(state_pb.ListBalancesRequest(owner=str(served.address), page_size=1))
    request = state_pb.ListBalancesRequest(owner=str(served.address), page_token=first.next_page_token)
    second = await stubs.state.ListBalances(request)
    held = {item.coin_type: item.balance for item in (*first.balances, *second.balances)}
    assert len(held) == 2
    assert held[str(currency)] == 1_234
    lookup = ledger_pb.GetTransactionRequest(digest=str(executed.digest))
    lookup.read_mask.paths.append("balance_changes")
    changes = (await stubs.ledger.GetTransaction(lookup)).transaction.balance_changes
    assert {item.coin_type: int(item.amount) for item in changes}[str(currency)] == 1_234


async def test_enums_in_events(served, stubs, mint):
    builder = ProgrammableBuilder()
    builder.move_call(mint, "mint", "draw", [builder.pure_value(bcs.U64, 9), builder.pure(served.address)])
    executed = served.run(builder)
    request = ledger_pb.GetTransactionRequest(digest=str(executed.digest))
    request.read_mask.paths.append("events.events.json")
    events = (await stubs.ledger.GetTransaction(request)).transaction.events.events
    shapes = [dict(item.json.struct_value["shape"]) for item in events]
    assert shapes == [
        {"@variant": "Circle", "radius": "9"},
        {"@variant": "Pair", "pos0": 7.0, "pos1": str(served.address)},
        {"@variant": "Dot"},
    ]


async def test_declarations(served, stubs, mint):
    async def datatype(name):
        request = package_pb.GetDatatypeRequest(package_id=str(mint), module_name="mint", name=name)
        return (await stubs.packages.GetDatatype(request)).datatype

    shape = await datatype("Shape")
    assert shape.kind == object_pb2.DatatypeDescriptor.ENUM
    assert [(item.name, item.position, len(item.fields)) for item in shape.variants] == [
        ("Dot", 0, 0), ("Circle", 1, 1), ("Pair", 2, 2),
    ]  # fmt: skip
    assert set(shape.abilities) == {common_pb2.COPY, common_pb2.DROP, common_pb2.STORE}
    pocket = await datatype("Pocket")
    assert [item.is_phantom for item in pocket.type_parameters] == [True]
    _, shapes, note = pocket.fields
    types = object_pb2.OpenSignatureBody
    assert shapes.type.type == types.VECTOR
    assert shapes.type.type_parameter_instantiation[0].type_name == f"{mint}::mint::Shape"
    assert note.type.type_parameter_instantiation[0].type == types.U64
    seen = {}
    for name in ("draw", "put", "hidden"):
        request = package_pb.GetFunctionRequest(package_id=str(mint), module_name="mint", name=name)
        seen[name] = (await stubs.packages.GetFunction(request)).function
    visibility = object_pb2.FunctionDescriptor
    assert (seen["draw"].visibility, seen["draw"].is_entry) == (visibility.PRIVATE, True)
    assert (seen["hidden"].visibility, seen["hidden"].is_entry) == (visibility.FRIEND, False)
    child = seen["put"].parameters[2]
    assert (child.body.type, child.body.type_parameter) == (types.TYPE_PARAMETER, 1)
    assert list(seen["put"].type_parameters[1].constraints) == [common_pb2.STORE, common_pb2.KEY]


async def test_dynamic_object_fields(served, stubs, mint):
    builder = ProgrammableBuilder()
    builder.move_call(mint, "mint", "pocket", [], [U64_TAG])
    changes = served.run(builder).effects.changed_objects
    pocket = next(
        item.object_id for item in changes if isinstance(getattr(item.output_state, "owner", None), SharedOwner)
    )
    thing = served.made(served.run(served.make(b"in")))
    kind = StructTag.parse(f"{served.package}::things::Thing")
    builder = ProgrammableBuilder()
    arguments = [builder.obj(served.shared(pocket, mutable=True)), builder.pure_value(bcs.U64, 3)]
    builder.move_call(mint, "mint", "put", [*arguments, builder.obj(served.owned(thing))], [U64_TAG, kind])
    served.run(builder)
    request = state_pb.ListDynamicFieldsRequest(parent=str(pocket))
    request.read_mask.paths.append("*")
    [field] = (await stubs.state.ListDynamicFields(request)).dynamic_fields
    assert field.kind == state_pb.DynamicField.OBJECT
    assert (field.name.name, field.name.value) == ("u64", (3).to_bytes(8, "little"))
    assert field.child_id == field.child_object.object_id == str(thing)
    assert field.value_type == str(kind)
    request.read_mask.paths[:] = []
    [field] = (await stubs.state.ListDynamicFields(request)).dynamic_fields
    assert {item.name for item, _ in field.ListFields()} == {"parent", "field_id"}
    read = ledger_pb.GetObjectRequest(object_id=str(pocket))
    read.read_mask.paths.append("json")
    shown = (await stubs.ledger.GetObject(read)).object.json.struct_value
    assert shown["note"] == "5"
    assert dict(shown["shapes"][0]) == {"@variant": "Dot"}
