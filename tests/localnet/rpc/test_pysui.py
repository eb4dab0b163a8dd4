"""pysui as it is, with only its channel replaced by a plaintext one (it hard-codes TLS)."""

import asyncio
import base64
import json

import pytest
from grpclib.client import Channel
from pysui import PysuiConfiguration
from pysui.sui.sui_bcs import bcs
from pysui.sui.sui_common import sui_commands as commands
from pysui.sui.sui_common.config.confgroup import GroupProtocol, NetworkType
from pysui.sui.sui_grpc import pgrpc_requests as requests
from pysui.sui.sui_grpc.pgrpc_clients import GrpcProtocolClient
from pysui.sui.sui_grpc.pgrpc_filters import Literal, build_event_filter

from sui import keystore

from .conftest import THINGS

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
async def client(served, tmp_path):
    config = PysuiConfiguration.initialize_config(in_folder=tmp_path, init_groups=[{"name": "sui_grpc_config"}])
    config.new_group(
        group_name="here",
        profile_block=[
            {
                "profile_name": "here",
                "url": f"http://127.0.0.1:{served.port}",
                "network_type": NetworkType.LOCAL,
                "faucet_url": None,
                "faucet_status_url": None,
                "make_active": True,
            }
        ],
        key_block=[{"key_string": keystore.encode_entry(served.key)}],
        active_address_index=0,
        group_protocol=GroupProtocol.GRPC,
        make_group_active=True,
        persist=False,
    )
    client = GrpcProtocolClient(pysui_config=config)
    client._channel.close()
    client._channel = Channel("127.0.0.1", served.port, ssl=None)
    async with client:
        yield client


def data(result):
    assert result.is_ok(), result.result_string
    return result.result_data


async def execute(client, transaction, **options):
    signed = await transaction.build_and_sign(**options)
    return data(await client.execute(command=commands.ExecuteTransaction(**signed)))


async def test_protocol_limits_are_read(client):
    constraints = client.protocol().transaction_constraints
    assert client.current_gas_price == 1000
    assert constraints.max_pure_argument_size == 16_384


async def test_split_and_transfer(served, client):
    transaction = await client.transaction()
    coin = await transaction.split_coin(coin=transaction.gas, amounts=[5_000])
    await transaction.transfer_objects(transfers=[coin], recipient="0x" + "0" * 59 + "a11ce")
    done = await execute(client, transaction)
    assert done.effects.status.success
    assert done.checkpoint == served.ledger.get_checkpoint().sequence_number
    balance = data(await client.execute(command=commands.GetAddressCoinBalance(owner="0x" + "0" * 59 + "a11ce")))
    assert balance.balance.balance == 5_000


async def test_publish_then_call_then_read(served, client):
    compiled = json.loads(THINGS.read_text())
    transaction = await client.transaction()
    cap = transaction.builder.publish(
        [list(base64.b64decode(module)) for module in compiled["modules"]],
        _addresses(compiled["dependencies"]),
    )
    await transaction.transfer_objects(transfers=[cap], recipient=client.config.active_address)
    done = await execute(client, transaction)
    assert done.effects.status.success
    package = next(item.object_id for item in done.effects.changed_objects if item.object_type == "package")
    registry = next(
        item.object_id for item in done.effects.changed_objects if (item.object_type or "").endswith("::Registry")
    )

    transaction = await client.transaction()
    thing = await transaction.move_call(target=f"{package}::things::make", arguments=[list(b"hello")])
    await transaction.transfer_objects(transfers=[thing], recipient=client.config.active_address)
    await transaction.move_call(target=f"{package}::things::count", arguments=[registry, "0x6"])
    done = await execute(client, transaction)
    assert done.effects.status.success, done.effects.status
    [event] = done.events.events
    assert event.event_type == f"{package}::things::Made"
    read = data(await client.execute(command=commands.GetObject(object_id=registry)))
    assert read.json.struct_value.fields["count"].string_value == "1"


def _addresses(texts):
    return [bcs.Address.from_str(text) for text in texts]


async def test_failed_calls_are_told_with_their_reason(served, client):
    transaction = await client.transaction()
    await transaction.move_call(target=f"{served.package}::things::fail", arguments=[42])
    done = await execute(client, transaction, gas_budget="50000000")
    assert not done.effects.status.success
    assert done.effects.status.error.abort.abort_code == 42


async def test_simulate(served, client):
    transaction = await client.transaction()
    await transaction.move_call(target=f"{served.package}::things::divide", arguments=[7, 2])
    kind = await transaction.raw_kind()
    result = data(
        await client.execute(
            command=commands.SimulateTransactionKind(
                tx_kind=kind, tx_meta={"sender": client.config.active_address}, gas_selection=True
            )
        )
    )
    assert result.transaction.effects.status.success
    [output] = result.command_outputs[0].return_values
    assert int.from_bytes(output.value.value, "little") == 3


async def test_events_are_listed(served, client):
    executed = [served.run(served.make()) for _ in range(3)]
    kind = build_event_filter(terms=[[Literal("event_type", f"{served.package}::things::Made")]])
    result = data(await client.execute_grpc_request(request=requests.ListEvents(event_filter=kind)))
    found = [frame.event.transaction_digest async for frame in result if frame.event is not None]
    assert found == [str(item.digest) for item in executed]


async def test_events_are_streamed(served, client):
    kind = build_event_filter(terms=[[Literal("event_type", f"{served.package}::things::Made")]])
    result = data(await client.execute_grpc_request(request=requests.SubscribeEvents(event_filter=kind)))
    found = []
    async with asyncio.timeout(10):
        async for frame in result:
            if frame.event is None:
                executed = [served.run(served.make()) for _ in range(3)]
                continue
            found.append(frame.event.transaction_digest)
            if len(found) == 3:
                break
    assert found == [str(item.digest) for item in executed]


async def test_reads(served, client):
    executed = served.run(served.make())
    object_id = str(served.made(executed))
    summary = data(await client.execute(command=commands.GetObjectSummary(object_id=object_id)))
    assert summary.objectId == object_id
    gas = data(await client.execute(command=commands.GetGas(owner=client.config.active_address)))
    assert len(gas.objects) == 3
    chain = data(await client.execute(command=commands.GetChainIdentifier()))
    assert str(served.ledger.chain_id) in str(chain)
    found = data(await client.execute(command=commands.GetTransaction(digest=str(executed.digest))))
    assert found.digest in {None, str(executed.digest)}
    function = data(
        await client.execute(
            command=commands.GetFunction(package=str(served.package), module_name="things", function_name="count")
        )
    )
    assert function.function.name == "count"
    checkpoint = data(await client.execute(command=commands.GetLatestCheckpoint()))
    assert checkpoint.checkpoint.sequence_number == executed.checkpoint
