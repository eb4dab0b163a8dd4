"""A plain gRPC client, with nothing but the .proto files."""

import asyncio
from dataclasses import replace

import grpc
import pytest

from sui import digests
from sui.effects import TRANSACTION_EFFECTS, TRANSACTION_EVENTS
from sui.rpc.v2 import common_pb2, effects_pb2, object_pb2
from sui.rpc.v2 import ledger_service_pb2 as ledger_pb
from sui.rpc.v2 import move_package_service_pb2 as package_pb
from sui.rpc.v2 import signature_verification_service_pb2 as signature_pb
from sui.rpc.v2 import state_service_pb2 as state_pb
from sui.rpc.v2 import transaction_execution_service_pb2 as execution_pb
from sui.transaction import TRANSACTION_DATA
from sui.type_tag import GAS_COIN_TYPE, SUI_COIN_TYPE

from .conftest import request_of

OUR_MASK = ("digest", "transaction.bcs", "signatures", "effects.bcs", "events.bcs", "checkpoint", "timestamp")


async def refused(call, code, words=""):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert caught.value.code() == code
    assert words in caught.value.details()


async def collect(call):
    return [frame async for frame in call]


async def test_service_info(served, stubs):
    info = await stubs.ledger.GetServiceInfo(ledger_pb.GetServiceInfoRequest())
    assert info.chain_id == str(served.ledger.chain_id)
    assert info.checkpoint_height == served.ledger.get_checkpoint().sequence_number
    assert info.timestamp.ToMilliseconds() == served.ledger.service_info().timestamp_ms


async def test_execute_returns_bytes_that_hash_to_each_other(served, stubs):
    raw, signature = served.sign(served.make())
    answer = await stubs.execution.ExecuteTransaction(request_of(raw, signature, mask=OUR_MASK))
    done = answer.transaction
    assert done.transaction.bcs.value == raw
    assert [item.bcs.value for item in done.signatures] == [signature]
    assert done.digest == str(digests.transaction_digest(raw))
    effects = TRANSACTION_EFFECTS.decode(done.effects.bcs.value)
    assert effects.transaction_digest == digests.transaction_digest(raw)
    assert digests.events_digest(done.events.bcs.value) == effects.events_digest
    [event] = TRANSACTION_EVENTS.decode(done.events.bcs.value).events
    assert event.sender == served.address
    checkpoint = served.ledger.get_checkpoint(done.checkpoint)
    assert digests.effects_digest(done.effects.bcs.value) in {item.effects for item in checkpoint.contents.transactions}
    assert done.timestamp.ToMilliseconds() == checkpoint.summary.timestamp_ms
    assert not done.HasField("objects")
    assert not done.effects.HasField("status")


async def test_execute_twice_is_answered_alike(served, stubs):
    raw, signature = served.sign(served.make())
    first = await stubs.execution.ExecuteTransaction(request_of(raw, signature, mask=["*"]))
    again = await stubs.execution.ExecuteTransaction(request_of(raw, signature, mask=["*"]))
    assert first == again
    assert first.transaction.transaction_index == 1  # the Clock's own transaction comes first


async def test_default_mask_of_execute(served, stubs):
    raw, signature = served.sign(served.make())
    done = (await stubs.execution.ExecuteTransaction(request_of(raw, signature))).transaction
    assert {field.name for field, _ in done.ListFields()} == {"effects", "checkpoint"}
    assert {field.name for field, _ in done.effects.ListFields()} == {"status"}
    assert done.effects.status.success


async def test_an_abort_is_an_answer_and_names_its_place(served, stubs):
    builder = served.make()
    builder.move_call(served.package, "things", "fail", [builder.pure((42).to_bytes(8, "little"))])
    raw, signature = served.sign(builder)
    done = (await stubs.execution.ExecuteTransaction(request_of(raw, signature, mask=["effects"]))).transaction
    error = done.effects.status.error
    assert not done.effects.status.success
    assert error.kind == effects_pb2.ExecutionError.MOVE_ABORT
    assert error.command == 2
    assert error.abort.abort_code == 42
    assert (error.abort.location.package, error.abort.location.module) == (str(served.package), "things")
    assert error.abort.location.function_name == "fail"
    assert "Abort Code: 42" in error.description
    assert done.effects.gas_used.computation_cost > 0


async def test_refused_transactions_are_invalid_arguments(served, stubs):
    raw, signature = served.sign(served.make())
    execute = stubs.execution.ExecuteTransaction
    bad = grpc.StatusCode.INVALID_ARGUMENT
    await refused(execute(request_of(raw, signature[:-1] + bytes([signature[-1] ^ 1]))), bad, "signature")
    await refused(execute(request_of(raw)), bad, "signature")
    await refused(execute(request_of(b"nonsense", signature)), bad)
    await refused(execute(request_of(raw, bytes([1]) + signature[1:])), bad, "Secp256k1")
    await execute(request_of(raw, signature))
    stale, stale_signature = _with_payment(served, raw)
    await refused(execute(request_of(stale, stale_signature)), bad, "unavailable for consumption")


def _with_payment(served, raw):
    """The same coin version again, in another transaction."""
    data = TRANSACTION_DATA.decode(raw)
    other = replace(data, gas_data=replace(data.gas_data, budget=data.gas_data.budget + 1))
    again = TRANSACTION_DATA.encode(other)
    return again, served.key.sign_transaction(again)


async def test_objects(served, stubs):
    executed = served.run(served.make(b"\1\2\3"))
    object_id = served.made(executed)
    request = ledger_pb.GetObjectRequest(object_id=str(object_id))
    plain = (await stubs.ledger.GetObject(request)).object
    assert {field.name for field, _ in plain.ListFields()} == {"object_id", "version", "digest"}
    request.read_mask.paths.append("*")
    whole = (await stubs.ledger.GetObject(request)).object
    record = served.ledger.get_object(object_id)
    assert whole.bcs.value == record.bcs
    assert whole.digest == str(record.ref.digest)
    assert whole.object_type == f"{served.package}::things::Thing"
    assert whole.owner.kind == common_pb2.Owner.ADDRESS
    assert whole.owner.address == str(served.address)
    assert whole.contents.value == object_id + b"\3\1\2\3"
    assert dict(whole.json.struct_value) == {"id": str(object_id), "bytes": "AQID"}
    assert whole.previous_transaction == str(executed.digest)
    missing = ledger_pb.GetObjectRequest(object_id="0xdead")
    await refused(stubs.ledger.GetObject(missing), grpc.StatusCode.NOT_FOUND, "0xdead"[2:])
    await refused(stubs.ledger.GetObject(ledger_pb.GetObjectRequest()), grpc.StatusCode.INVALID_ARGUMENT)
    request.read_mask.paths[:] = ["contents.nothing"]
    await refused(stubs.ledger.GetObject(request), grpc.StatusCode.INVALID_ARGUMENT, "contents.nothing")


async def test_batch_of_objects_has_an_error_in_the_place_of_one_that_is_missing(served, stubs):
    ids = ["0x6", "0xdead", "nonsense", "0x2"]
    request = ledger_pb.BatchGetObjectsRequest(requests=[ledger_pb.GetObjectRequest(object_id=item) for item in ids])
    request.read_mask.paths.extend(["object_type", "owner", "package.version"])
    answer = await stubs.ledger.BatchGetObjects(request)
    clock, missing, nonsense, framework = answer.objects
    assert clock.object.owner.kind == common_pb2.Owner.SHARED
    assert clock.object.owner.version >= 1
    assert missing.error.code == grpc.StatusCode.NOT_FOUND.value[0]
    assert nonsense.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert framework.object.object_type == "package"
    assert framework.object.package.version >= 1


async def test_owned_objects_and_balances(served, stubs):
    request = state_pb.ListOwnedObjectsRequest(owner=str(served.address), object_type=str(GAS_COIN_TYPE), page_size=2)
    request.read_mask.paths.extend(["object_id", "balance"])
    seen, pages = {}, 0
    while True:
        page = await stubs.state.ListOwnedObjects(request)
        seen |= {item.object_id: item.balance for item in page.objects}
        pages += 1
        if not page.HasField("next_page_token"):
            break
        request.page_token = page.next_page_token
    assert (len(seen), pages) == (3, 2)
    balance = await stubs.state.GetBalance(
        state_pb.GetBalanceRequest(owner=str(served.address), coin_type=str(SUI_COIN_TYPE))
    )
    assert balance.balance.balance == sum(seen.values())
    everything = await stubs.state.ListBalances(state_pb.ListBalancesRequest(owner=str(served.address)))
    assert [item.coin_type for item in everything.balances] == [str(SUI_COIN_TYPE)]
    await refused(
        stubs.state.GetCoinInfo(state_pb.GetCoinInfoRequest(coin_type=f"{served.package}::things::THINGS")),
        grpc.StatusCode.NOT_FOUND,
    )


async def test_dynamic_fields(served, stubs):
    builder = served.make()
    registry = builder.obj(served.shared(served.registry, mutable=True))
    builder.move_call(
        served.package,
        "things",
        "add_field",
        [registry, builder.pure((9).to_bytes(8, "little")), builder.pure(b"\2hi")],
    )
    served.run(builder)
    request = state_pb.ListDynamicFieldsRequest(parent=str(served.registry))
    request.read_mask.paths.append("*")
    [field] = (await stubs.state.ListDynamicFields(request)).dynamic_fields
    assert field.kind == state_pb.DynamicField.FIELD
    assert field.name.value == (9).to_bytes(8, "little")
    assert field.value.value == b"\2hi"
    assert (field.name.name, field.value_type) == ("u64", "vector<u8>")
    assert field.field_object.owner.address == str(served.registry)


async def test_balance_changes_and_objects_of_a_transaction(served, stubs):
    raw, signature = served.sign(served.split(5_000))
    mask = ["balance_changes", "effects.gas_used", "objects.objects.object_id", "effects.changed_objects.object_type"]
    done = (await stubs.execution.ExecuteTransaction(request_of(raw, signature, mask=mask))).transaction
    [change] = done.balance_changes
    used = done.effects.gas_used
    assert int(change.amount) == -(used.computation_cost + used.storage_cost - used.storage_rebate)
    assert change.coin_type == str(SUI_COIN_TYPE)
    assert len(done.objects.objects) == 3
    assert {item.object_type for item in done.effects.changed_objects} == {str(GAS_COIN_TYPE)}


async def test_checkpoints(served, stubs):
    executed = served.run(served.make())
    request = ledger_pb.GetCheckpointRequest(sequence_number=executed.checkpoint)
    request.read_mask.paths.append("*")
    checkpoint = (await stubs.ledger.GetCheckpoint(request)).checkpoint
    record = served.ledger.get_checkpoint(executed.checkpoint)
    assert checkpoint.summary.bcs.value == record.summary_bcs
    assert digests.checkpoint_summary_digest(checkpoint.summary.bcs.value) == record.digest
    assert str(digests.checkpoint_contents_digest(checkpoint.contents.bcs.value)) == checkpoint.summary.content_digest
    assert str(executed.digest) in {item.digest for item in checkpoint.transactions}
    by_digest = await stubs.ledger.GetCheckpoint(ledger_pb.GetCheckpointRequest(digest=checkpoint.digest))
    assert by_digest.checkpoint.sequence_number == executed.checkpoint
    newest = await stubs.ledger.GetCheckpoint(ledger_pb.GetCheckpointRequest())
    assert newest.checkpoint.sequence_number == executed.checkpoint
    await refused(
        stubs.ledger.GetCheckpoint(ledger_pb.GetCheckpointRequest(sequence_number=10**9)), grpc.StatusCode.NOT_FOUND
    )


async def test_epoch(served, stubs):
    request = ledger_pb.GetEpochRequest()
    request.read_mask.paths.extend(["protocol_config", "reference_gas_price"])
    epoch = (await stubs.ledger.GetEpoch(request)).epoch
    assert epoch.reference_gas_price == 1000
    assert epoch.protocol_config.attributes["max_pure_argument_size"] == "16384"
    await refused(stubs.ledger.GetEpoch(ledger_pb.GetEpochRequest(epoch=99)), grpc.StatusCode.NOT_FOUND)


async def test_transactions_are_found_by_digest(served, stubs):
    executed = served.run(served.make())
    request = ledger_pb.GetTransactionRequest(digest=str(executed.digest))
    request.read_mask.paths.append("*")
    found = (await stubs.ledger.GetTransaction(request)).transaction
    assert found.transaction.bcs.value == executed.transaction_bcs
    [call, transfer] = found.transaction.kind.programmable_transaction.commands
    assert (call.move_call.module, call.move_call.function) == ("things", "make")
    assert transfer.WhichOneof("command") == "transfer_objects"
    assert found.transaction_index == 1
    batch = ledger_pb.BatchGetTransactionsRequest(digests=[str(executed.digest), "1" * 32, "!"])
    one, missing, bad = (await stubs.ledger.BatchGetTransactions(batch)).transactions
    assert one.transaction.digest == str(executed.digest)
    assert missing.error.code == grpc.StatusCode.NOT_FOUND.value[0]
    assert bad.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


async def test_functions_and_datatypes(served, stubs):
    request = package_pb.GetFunctionRequest(package_id=str(served.package), module_name="things", name="count")
    function = (await stubs.packages.GetFunction(request)).function
    assert function.visibility == object_pb2.FunctionDescriptor.PUBLIC
    registry, clock = function.parameters
    assert registry.reference == object_pb2.OpenSignature.MUTABLE
    assert registry.body.type_name == f"{served.package}::things::Registry"
    assert clock.reference == object_pb2.OpenSignature.IMMUTABLE
    assert clock.body.type_name == f"0x{'0' * 63}2::clock::Clock"
    request.name = "nothing"
    await refused(stubs.packages.GetFunction(request), grpc.StatusCode.NOT_FOUND)
    datatype = await stubs.packages.GetDatatype(
        package_pb.GetDatatypeRequest(package_id=str(served.package), module_name="things", name="Thing")
    )
    assert [field.name for field in datatype.datatype.fields] == ["id", "bytes"]
    assert set(datatype.datatype.abilities) == {common_pb2.KEY, common_pb2.STORE}
    package = (await stubs.packages.GetPackage(package_pb.GetPackageRequest(package_id=str(served.package)))).package
    assert [module.name for module in package.modules] == ["things"]
    assert package.modules[0].functions
    framework = await stubs.packages.GetFunction(
        package_pb.GetFunctionRequest(package_id="0x2", module_name="coin", name="split")
    )
    assert framework.function.type_parameters
    versions = package_pb.ListPackageVersionsRequest(package_id=str(served.package))
    assert [item.version for item in (await stubs.packages.ListPackageVersions(versions)).versions] == [1]
    await refused(stubs.packages.GetPackage(package_pb.GetPackageRequest(package_id="0x6")), grpc.StatusCode.NOT_FOUND)


async def test_simulate_of_bytes_changes_nothing(served, stubs):
    raw, _ = served.sign(served.make())
    before = served.ledger.get_checkpoint().sequence_number
    request = execution_pb.SimulateTransactionRequest(transaction=request_of(raw).transaction)
    answer = await stubs.execution.SimulateTransaction(request)
    assert answer.transaction.effects.status.success
    assert answer.transaction.effects.gas_used.computation_cost > 0
    assert len(answer.transaction.events.events) == 1
    assert len(answer.command_outputs) == 2
    assert answer.command_outputs[0].return_values[0].value.name == f"{served.package}::things::Thing"
    assert served.ledger.get_transaction(digests.transaction_digest(raw)) is None
    assert served.ledger.get_checkpoint().sequence_number == before


async def test_simulate_of_parts_fills_in_what_is_missing(served, stubs):
    request = execution_pb.SimulateTransactionRequest(do_gas_selection=True)
    request.transaction.sender = str(served.address)
    parts = request.transaction.kind.programmable_transaction
    parts.inputs.add(object_id=str(served.registry))
    parts.inputs.add(object_id="0x6")
    call = parts.commands.add().move_call
    call.package, call.module, call.function = str(served.package), "things", "count"
    for place in range(2):
        call.arguments.add(kind=1 + 1, input=place)
    answer = await stubs.execution.SimulateTransaction(request)
    done = answer.transaction
    assert done.effects.status.success, done.effects.status
    registry, clock = done.transaction.kind.programmable_transaction.inputs
    assert (registry.mutable, clock.mutable) == (True, False)
    assert done.transaction.gas_payment.budget > 0
    assert done.transaction.gas_payment.objects
    [changed] = answer.command_outputs[0].mutated_by_ref
    assert changed.argument.input == 0
    # What was simulated can be signed and executed as it is.
    raw = done.transaction.bcs.value
    executed = await stubs.execution.ExecuteTransaction(request_of(raw, served.key.sign_transaction(raw)))
    assert executed.transaction.effects.status.success


async def test_simulate_refuses_what_makes_no_sense(stubs):
    simulate = stubs.execution.SimulateTransaction
    bad = grpc.StatusCode.INVALID_ARGUMENT
    await refused(simulate(execution_pb.SimulateTransactionRequest()), bad, "neither bcs nor")
    request = execution_pb.SimulateTransactionRequest()
    request.transaction.kind.programmable_transaction.commands.add()
    await refused(simulate(request), bad, "empty")
    request.transaction.kind.programmable_transaction.commands[0].split_coins.coin.kind = 1
    request.transaction.kind.programmable_transaction.inputs.add(object_id="0xdead")
    await refused(simulate(request), grpc.StatusCode.NOT_FOUND)
    request.transaction.kind.programmable_transaction.inputs[0].object_id = "zzz"
    await refused(simulate(request), bad, "zzz")


async def test_signatures_are_checked(served, stubs):
    raw, signature = served.sign(served.make())
    request = signature_pb.VerifySignatureRequest()
    request.message.name, request.message.value = "TransactionData", raw
    request.signature.bcs.value = signature
    request.address = str(served.address)
    assert (await stubs.signatures.VerifySignature(request)).is_valid
    request.address = "0x1"
    answer = await stubs.signatures.VerifySignature(request)
    assert not answer.is_valid
    assert str(served.address) in answer.reason
    request.signature.bcs.value = signature[:50] + bytes([signature[50] ^ 1]) + signature[51:]
    assert not (await stubs.signatures.VerifySignature(request)).is_valid
    request.message.name = "PersonalMessage"
    await refused(stubs.signatures.VerifySignature(request), grpc.StatusCode.UNIMPLEMENTED)


async def test_what_is_not_there_is_unimplemented(stubs):
    lookup = stubs.channel.unary_unary("/sui.rpc.v2.NameService/LookupName")
    await refused(lookup(b""), grpc.StatusCode.UNIMPLEMENTED)


async def test_parallel_calls(served, stubs):
    calls = [stubs.ledger.GetServiceInfo(ledger_pb.GetServiceInfoRequest()) for _ in range(200)]
    answers = await asyncio.gather(*calls)
    assert {answer.chain_id for answer in answers} == {str(served.ledger.chain_id)}
