"""What a node refuses before it executes: nothing changes, and the words are Sui's."""

from dataclasses import replace

import pytest

from localnet.ledger import (
    LIMITS,
    MalformedTransaction,
    SignatureRejected,
    StaleObject,
    TransactionExpired,
    UserInputError,
)
from sui import bcs
from sui.builder import Limits as BuilderLimits
from sui.builder import ProgrammableBuilder, transaction_data
from sui.keys import Ed25519Key
from sui.system import ConsensusCommitPrologue
from sui.transaction import (
    GAS_COIN,
    NO_EXPIRATION,
    TRANSACTION_DATA,
    EpochExpiration,
    GasData,
    ImmOrOwned,
    MakeMoveVec,
    ProgrammableTransaction,
    Pure,
    Shared,
    TransactionData,
    TransferObjects,
    ValidDuring,
)
from sui.types import Address, Digest, ObjectRef


def pay(builder, who, amount=1):
    [coin] = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, amount)])
    builder.transfer_objects([coin], builder.pure(bytes(who.address)))
    return builder


def send(world, who, data, signatures=None):
    encoded = TRANSACTION_DATA.encode(data)
    return world.ledger.execute(encoded, [who.sign_transaction(encoded)] if signatures is None else signatures)


def test_stale_version(world, alice):
    old = world.gas_coin(alice)
    world.ok(alice, pay(ProgrammableBuilder(), alice))
    current = world.gas_coin(alice)
    with pytest.raises(StaleObject) as caught:
        world.submit(alice, pay(ProgrammableBuilder(), alice, 2), payment=[old])
    assert str(caught.value) == (
        f"Transaction needs to be rebuilt because object {old.object_id} version {old.version:#x} is unavailable for "
        f"consumption, current version: {current.version:#x}"
    )


def test_the_same_transaction_again_gives_the_same_answer(world, alice, bob):
    data = world.data(alice, pay(ProgrammableBuilder(), bob, 5))
    first = send(world, alice, data)
    assert send(world, alice, data) == first
    assert world.sui(bob) == 5


def test_equivocation_executes_only_one(world, alice, bob):
    coin = world.gas_coin(alice)
    one = world.data(alice, pay(ProgrammableBuilder(), bob, 5), payment=[coin])
    other = world.data(alice, pay(ProgrammableBuilder(), bob, 6), payment=[coin])
    send(world, alice, one)
    with pytest.raises(StaleObject):
        send(world, alice, other)
    assert world.sui(bob) == 5


def test_deleted_input(world, alice):
    first, second = world.fund(alice, 1, 2)
    builder = ProgrammableBuilder()
    builder.merge_coins(builder.obj(ImmOrOwned(first)), [builder.obj(ImmOrOwned(second))])
    world.ok(alice, builder)
    builder = ProgrammableBuilder()
    builder.merge_coins(GAS_COIN, [builder.obj(ImmOrOwned(second))])
    with pytest.raises(StaleObject):
        world.submit(alice, builder)


def test_wrong_owner(world, alice, bob):
    coin = world.gas_coin(alice)
    builder = ProgrammableBuilder()
    builder.transfer_objects([builder.obj(ImmOrOwned(coin))], builder.pure(bytes(bob.address)))
    with pytest.raises(UserInputError, match=f"is owned by account address {alice.address}, but given owner"):
        world.submit(bob, builder)


def refused(world, who, builder, error, words, **options):
    """Submit what must be refused, and check that it left no trace."""
    data = world.data(who, builder, **options)
    tip, coins = world.ledger.service_info(), world.coins(who)
    with pytest.raises(error) as caught:
        send(world, who, data)
    assert words in str(caught.value)
    assert world.ledger.service_info() == tip
    assert world.coins(who) == coins


def test_gas_of_somebody_else(world, alice, bob):
    words = f"is owned by account address {alice.address}, but given owner/signer address is {bob.address}"
    refused(world, bob, pay(ProgrammableBuilder(), bob), UserInputError, words, payment=[world.gas_coin(alice)])


def test_digest_and_version_must_be_right(world, alice):
    coin = world.fund(alice, 5)[0]
    builder = ProgrammableBuilder()
    builder.merge_coins(GAS_COIN, [builder.obj(ImmOrOwned(replace(coin, digest=Digest(bytes(32)))))])
    refused(world, alice, builder, UserInputError, f"Invalid Object digest for object {coin.object_id}.")
    builder = ProgrammableBuilder()
    builder.merge_coins(GAS_COIN, [builder.obj(ImmOrOwned(replace(coin, version=coin.version + 1)))])
    refused(world, alice, builder, UserInputError, "Could not find the referenced object")
    builder = ProgrammableBuilder()
    nowhere = ObjectRef(Address(b"\7" * 32), 1, coin.digest)
    builder.merge_coins(GAS_COIN, [builder.obj(ImmOrOwned(nowhere))])
    refused(world, alice, builder, UserInputError, "Could not find the referenced object")


def test_shared_objects_are_named_as_they_are(things, alice):
    registry, thing = things.registry(alice), things.thing(alice)
    shared = things.shared(registry)
    for wrong, words in (
        (replace(shared, initial_shared_version=1), "Wrong initial version given for shared object"),
        (Shared(thing.ref.object_id, 1, mutable=False), "Object used as shared is not shared."),
        (ImmOrOwned(registry.ref), "Object used as owned is not owned."),
        (Shared(Address.parse("0x6"), 1, mutable=True), "Mutable parameter provided, immutable parameter expected."),
        (Shared(Address(b"\7" * 32), 1, mutable=False), "Could not find the referenced object"),
        (ImmOrOwned(things.ledger.get_object(things.things).ref), "A move object is expected, instead a move package"),
    ):
        builder = ProgrammableBuilder()
        things.call(builder, "counted", builder.obj(wrong))
        refused(things, alice, builder, UserInputError, words)


def test_what_is_gone_was_shared_or_is_refused(things, alice):
    registry, thing = things.registry(alice), things.thing(alice)
    shared = things.shared(registry)
    builder = ProgrammableBuilder()
    things.call(builder, "close", builder.obj(shared))
    things.call(builder, "destroy", builder.obj(things.owned(thing)))
    things.ok(alice, builder)
    for wrong, words in (
        (replace(shared, initial_shared_version=1), "Wrong initial version given for shared object"),
        (Shared(thing.ref.object_id, 1, mutable=False), "Object used as shared is not shared."),
    ):
        builder = ProgrammableBuilder()
        things.call(builder, "counted", builder.obj(wrong))
        refused(things, alice, builder, UserInputError, words)


def test_children_are_no_inputs(things, alice):
    registry = things.registry(alice)
    builder = ProgrammableBuilder()
    arguments = [builder.pure_value(bcs.U64, 9), builder.pure_value(bcs.BYTES, b"v")]
    things.call(builder, "add_field", builder.obj(things.shared(registry)), *arguments)
    things.ok(alice, builder)
    [field] = things.ledger.list_dynamic_fields(registry.ref.object_id).items
    builder = ProgrammableBuilder()
    things.call(builder, "length", builder.obj(ImmOrOwned(field.ref)))
    refused(things, alice, builder, UserInputError, "Objects owned by other objects cannot be used as input arguments.")


def test_gas_coin_is_no_input(world, alice):
    coin = world.gas_coin(alice)
    builder = ProgrammableBuilder()
    builder.transfer_objects([builder.obj(ImmOrOwned(coin))], builder.pure(bytes(alice.address)))
    refused(world, alice, builder, UserInputError, "cannot appear more than one in one transaction")


def test_only_coins_of_sui_pay(things, alice):
    thing = things.thing(alice)
    builder = pay(ProgrammableBuilder(), alice)
    refused(
        things, alice, builder, UserInputError, f"Object {thing.ref.object_id} is not a gas object", payment=[thing.ref]
    )


def test_packages_must_exist(world, alice):
    builder = ProgrammableBuilder()
    builder.move_call(Address(b"\7" * 32), "m", "f")
    refused(world, alice, builder, UserInputError, "Dependent package not found on-chain: 0x0707")
    builder = ProgrammableBuilder()
    coin = world.gas_coin(alice)
    builder.move_call(coin.object_id, "m", "f")
    refused(world, alice, builder, UserInputError, "A move package is expected, instead a move object is passed")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"price": 999}, "Gas price 999 under reference gas price (RGP) 1000"),
        ({"price": 50_000_000_000}, "Gas price cannot exceed 50000000000 mist"),
        ({"budget": 999_999}, "Gas budget: 999999 is lower than min: 1000000."),
        ({"budget": 50_000_000_000_001}, "Gas budget: 50000000000001 is higher than max: 50000000000000."),
        (
            {"budget": 2_000_000_000_000},
            "Balance of gas object 1000000000000 is lower than the needed amount: 2000000000000.",
        ),
    ],
)
def test_price_and_budget(world, alice, options, words):
    refused(world, alice, pay(ProgrammableBuilder(), alice), UserInputError, words, **options)


def test_no_gas_at_all(world, alice):
    kind = pay(ProgrammableBuilder(), alice).finish()
    data = TransactionData(kind, alice.address, GasData((), alice.address, 1000, 1_000_000), NO_EXPIRATION)
    with pytest.raises(UserInputError, match="Transaction gas payment missing"):
        send(world, alice, data)


class TestSignatures:
    def test_of_somebody_else(self, world, alice, bob):
        data = world.data(alice, pay(ProgrammableBuilder(), bob))
        with pytest.raises(SignatureRejected, match=f"Required Signature from {alice.address} is absent"):
            send(world, bob, data)

    def test_over_other_bytes(self, world, alice, bob):
        encoded = TRANSACTION_DATA.encode(world.data(alice, pay(ProgrammableBuilder(), bob)))
        signature = bytearray(alice.sign_transaction(encoded))
        signature[5] ^= 1
        with pytest.raises(SignatureRejected, match="Signature is not valid"):
            world.ledger.execute(encoded, [bytes(signature)])
        with pytest.raises(SignatureRejected, match="Signature is not valid"):
            world.ledger.execute(encoded, [alice.sign_transaction(encoded + b"x")])

    def test_too_few_and_too_many(self, world, alice, bob):
        encoded = TRANSACTION_DATA.encode(world.data(alice, pay(ProgrammableBuilder(), bob)))
        signature = alice.sign_transaction(encoded)
        for signatures in ([], [signature, signature]):
            with pytest.raises(SignatureRejected, match=f"Expect 1 signer signatures but got {len(signatures)}"):
                world.ledger.execute(encoded, signatures)

    def test_of_another_scheme(self, world, alice, bob):
        encoded = TRANSACTION_DATA.encode(world.data(alice, pay(ProgrammableBuilder(), bob)))
        with pytest.raises(SignatureRejected, match="Secp256k1"):
            world.ledger.execute(encoded, [b"\1" + alice.sign_transaction(encoded)[1:]])

    def test_sponsor_must_sign_too(self, world, alice, bob):
        sponsor = Ed25519Key.generate(b"s" * 32)
        coin = world.fund(sponsor, 10**9)[0]
        data = world.data(alice, pay(ProgrammableBuilder(), bob), payment=[coin], sponsor=sponsor.address, budget=10**8)
        encoded = TRANSACTION_DATA.encode(data)
        with pytest.raises(SignatureRejected, match="Expect 2 signer"):
            world.ledger.execute(encoded, [alice.sign_transaction(encoded)])
        done = world.ledger.execute(encoded, [alice.sign_transaction(encoded), sponsor.sign_transaction(encoded)])
        assert world.sui(sponsor) == 10**9 - 1 - done.effects.gas_used.net
        assert world.sui(bob) == 1


class TestForm:
    def test_not_a_transaction(self, world, alice):
        with pytest.raises(MalformedTransaction):
            world.ledger.execute(b"\0\1\2", [bytes(97)])

    def test_too_large(self, world, alice):
        most = LIMITS.max_tx_size_bytes
        with pytest.raises(UserInputError, match=f"exceeded maximum of {most} is {most + 1}"):
            world.ledger.execute(bytes(most + 1), [bytes(97)])

    def test_system_transactions_are_the_systems(self, world, alice):
        gas = GasData((world.gas_coin(alice),), alice.address, 1000, 10**8)
        data = TransactionData(ConsensusCommitPrologue(0, 1, 10**15), alice.address, gas, NO_EXPIRATION)
        with pytest.raises(MalformedTransaction, match="System Transaction not accepted"):
            send(world, alice, data)

    @pytest.mark.parametrize(("size", "fits"), [(16_383, True), (16_384, False)])
    def test_pure_arguments(self, things, alice, size, fits):
        builder = ProgrammableBuilder(BuilderLimits(max_pure_argument_bytes=20_000))
        things.call(builder, "private_entry", builder.pure_value(bcs.U64, 1))
        builder.pure(b"\0" * size)
        if fits:
            things.ok(alice, builder)
        else:
            refused(things, alice, builder, UserInputError, "Size limit exceeded: maximum pure argument size is 16384")

    def test_empty_commands(self, world, alice):
        for command in (TransferObjects((), GAS_COIN), MakeMoveVec(None, ())):
            kind = ProgrammableTransaction((Pure(bytes(32)),), (command,))
            data = transaction_data(
                kind, sender=alice.address, payment=[world.gas_coin(alice)], price=1000, budget=10**8
            )
            with pytest.raises(UserInputError, match="cannot have empty arguments"):
                send(world, alice, data)

    def test_too_many_commands(self, world, alice):
        builder = ProgrammableBuilder(BuilderLimits(max_commands=2_000))
        for _ in range(1_025):
            builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, 1)])
        refused(world, alice, builder, UserInputError, "maximum commands in a programmable transaction is 1024")

    def test_expiration(self, world, alice, opened):
        good = ValidDuring(0, 5, None, None, world.ledger.chain_id, 1)
        world.ok(alice, pay(ProgrammableBuilder(), alice), expiration=EpochExpiration(0))
        world.ok(alice, pay(ProgrammableBuilder(), alice), expiration=good)
        for expiration in (
            replace(good, chain=opened(seed=2).ledger.chain_id),
            replace(good, min_epoch=1),
        ):
            builder = pay(ProgrammableBuilder(), alice)
            refused(world, alice, builder, TransactionExpired, "Transaction Expired", expiration=expiration)


def test_packages_in_one_transaction_are_counted(world, alice):
    builder = ProgrammableBuilder()
    for _ in range(6):
        builder.publish([b"code"], [])
    with pytest.raises(UserInputError, match=r"^5 max publish/upgrade commands allowed, 6 provided$"):
        world.submit(alice, builder)
