"""Transactions in parts: what is shown of a transaction is enough to build it again, byte for byte."""

import pytest
from hypothesis import given

from localnet.rpc.errors import InvalidArgumentError
from localnet.rpc.masks import EVERYTHING
from localnet.rpc.render_transaction import kind, transaction
from localnet.rpc.resolve import transaction_data
from sui.rpc.v2 import transaction_pb2 as pb
from sui.system import CancelledTransactions, ConsensusCommitPrologueV3, ConsensusCommitPrologueV4, Genesis
from sui.transaction import TRANSACTION_DATA, ImmOrOwned, Receiving, Shared
from sui.types import Digest
from tests.sui.strategies import transactions


def parts_of(data):
    message = transaction(data, TRANSACTION_DATA.encode(data), "digest", EVERYTHING)
    message.ClearField("bcs")
    return message


@given(transactions)
def test_parts_make_the_same_transaction(data):
    assert transaction_data(None, parts_of(data)) == data


@given(transactions)
def test_bytes_come_before_parts(data):
    message = transaction(data, TRANSACTION_DATA.encode(data), "digest", EVERYTHING)
    message.sender = "nonsense"
    assert transaction_data(None, message) == data


def test_system_transactions_are_shown():
    assignments = CancelledTransactions(())
    v3 = kind(ConsensusCommitPrologueV3(1, 2, None, 1_700_000_000_123, Digest(bytes(32)), assignments))
    assert v3.kind == pb.TransactionKind.CONSENSUS_COMMIT_PROLOGUE_V3
    assert v3.consensus_commit_prologue.commit_timestamp.ToMilliseconds() == 1_700_000_000_123
    v4 = kind(ConsensusCommitPrologueV4(1, 2, None, 5, Digest(bytes(32)), assignments, Digest(bytes(32))))
    assert v4.consensus_commit_prologue.additional_state_digest == "1" * 32
    assert kind(Genesis(())).kind == pb.TransactionKind.GENESIS


def message_with(world, **fields):
    message = pb.Transaction(sender=str(world.address))
    message.kind.programmable_transaction.inputs.add(**fields)
    return message


def call(message, world, name, module="things", package=None):
    found = message.kind.programmable_transaction.commands.add().move_call
    found.package, found.module, found.function = str(package or world.package), module, name
    found.arguments.add(kind=pb.Argument.INPUT, input=0)
    return message


def only_input(world, message):
    [argument] = transaction_data(world.ledger, message).kind.inputs
    return argument.arg


def test_objects_by_id_become_what_they_are(world):
    thing = world.made(world.run(world.make()))
    record = world.ledger.get_object(thing)
    assert only_input(world, message_with(world, object_id=str(thing))) == ImmOrOwned(record.ref)
    receiving = message_with(world, object_id=str(thing), kind=pb.Input.RECEIVING)
    assert only_input(world, receiving) == Receiving(record.ref)
    older = message_with(world, object_id=str(thing), version=record.ref.version)
    assert only_input(world, older) == ImmOrOwned(record.ref)


@pytest.mark.parametrize(
    ("function", "mutable"), [("counted", False), ("count", True), ("close", True), ("no_such", True)]
)
def test_shared_objects_are_mutable_where_a_call_needs_them_so(world, function, mutable):
    message = call(message_with(world, object_id=str(world.registry)), world, function)
    version = world.shared(world.registry, mutable=True).initial_shared_version
    assert only_input(world, message) == Shared(world.registry, version, mutable)


def test_shared_objects_as_the_client_says(world):
    version = world.shared(world.registry, mutable=True).initial_shared_version
    fields = {"object_id": str(world.registry), "kind": pb.Input.SHARED, "version": version}
    for said, mutable in (
        ({"mutable": False}, False),
        ({"mutable": True}, True),
        ({"mutability": pb.Input.IMMUTABLE}, False),
        ({"mutability": pb.Input.MUTABLE, "mutable": False}, True),
    ):
        assert only_input(world, message_with(world, **fields, **said)).mutable == mutable


def test_other_commands_need_their_objects_mutable(world):
    message = message_with(world, object_id=str(world.registry))
    commands = message.kind.programmable_transaction.commands
    commands.add().transfer_objects.objects.add(kind=pb.Argument.INPUT, input=0)
    commands[0].transfer_objects.address.kind = pb.Argument.GAS
    assert only_input(world, message).mutable
    commands[0].make_move_vector.elements.add(kind=pb.Argument.INPUT, input=0)
    assert only_input(world, message).mutable
    commands[0].publish.modules.append(b"")
    assert not only_input(world, message).mutable


def test_gas_coins_by_id(world):
    coin = world.coins()[0]
    message = message_with(world, pure=b"")
    message.gas_payment.objects.add(object_id=str(coin.object_id))
    message.gas_payment.price = 5
    gas = transaction_data(world.ledger, message).gas_data
    assert (gas.payment, gas.owner, gas.price, gas.budget) == ((coin,), world.address, 5, 0)


def before_1970(message):
    message.expiration.kind = pb.TransactionExpiration.VALID_DURING
    message.expiration.min_timestamp.seconds = -1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda message: message.kind.programmable_transaction.inputs.add(),
        lambda message: message.kind.programmable_transaction.commands.add(),
        lambda message: message.kind.programmable_transaction.commands.add().split_coins.coin.SetInParent(),
        lambda message: message.kind.genesis.SetInParent(),
        lambda message: setattr(message.expiration, "kind", pb.TransactionExpiration.VALIDITY),
        before_1970,
    ],
)
def test_parts_that_make_no_sense_are_refused(world, spoil):
    message = message_with(world, pure=b"")
    spoil(message)
    with pytest.raises(InvalidArgumentError):
        transaction_data(world.ledger, message)
