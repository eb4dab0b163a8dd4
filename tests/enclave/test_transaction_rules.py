"""What the enclave's account signs: calls of our package, its own coins' housekeeping, nothing else."""

import pytest

from enclave.errors import SignatureRefused
from enclave.transaction_rules import TransactionRules
from sui.bcs import ADDRESS, U64
from sui.builder import ProgrammableBuilder
from sui.system import VARIANTS
from sui.transaction import GasCoin, ImmOrOwned, NestedResult, ProgrammableTransaction, Receiving, Result, Shared
from sui.types import Address, Digest, ObjectRef

OURS, OWN, OPERATOR, OTHER = (Address(bytes([n]) * 32) for n in (1, 2, 3, 4))
RULES = TransactionRules(frozenset({OURS}), frozenset({OWN, OPERATOR}))
COIN = ObjectRef(Address(b"\x09" * 32), 1, Digest(b"\x09" * 32))


def check(build, *, money=True):
    builder = ProgrammableBuilder()
    build(builder)
    return RULES.check(builder.finish(), money=money)


def refused(build, reason, *, money=True):
    with pytest.raises(SignatureRefused, match=reason) as caught:
        check(build, money=money)
    assert caught.value.code == "forbidden"


def call(builder, arguments=(), *, package=OURS, module="answer", function="store_k8s_response"):
    return builder.move_call(package, module, function, list(arguments))


def split(builder):
    return builder.split_coins(GasCoin(), [builder.pure_value(U64, 5)])


def test_calls_of_our_package_with_values_and_shared_objects():
    def build(builder):
        rule = call(builder, [builder.pure(b"x")], module="rules", function="new_rule")
        rules = builder.make_move_vec([rule])
        call(
            builder,
            [builder.obj(Shared(OTHER, 1, mutable=True)), rules],
            module="request",
            function="submit_with_grant",
        )
        call(builder, module="seal_token", function="announce_token")

    assert check(build, money=False) == ()


@pytest.mark.parametrize(
    "options",
    [
        {"package": OTHER},
        {"package": Address.parse("0x2"), "module": "coin", "function": "burn"},
        {"module": "seal_token", "function": "add_stake"},
        {"module": "cluster", "function": "add_bond"},
        {"module": "enclave", "function": "register"},
        {"module": "request", "function": "submit"},
        {"module": "request"},
        {"module": "ANSWER"},
    ],
)
def test_other_calls_are_refused(options):
    refused(lambda builder: call(builder, **options), "it calls")


def test_splitting_to_itself_and_returning_to_the_operator():
    def build(builder):
        builder.merge_coins(GasCoin(), [builder.obj(ImmOrOwned(COIN))])
        builder.transfer_objects(split(builder), builder.pure_value(ADDRESS, OWN))
        builder.transfer_objects([GasCoin()], builder.pure_value(ADDRESS, OPERATOR))

    assert check(build) == (COIN,)


def test_coins_go_to_nobody_else():
    refused(lambda b: b.transfer_objects(split(b), b.pure_value(ADDRESS, OTHER)), "somebody else")
    refused(lambda b: b.transfer_objects(split(b), b.pure(bytes(OWN) + b"x")), "somebody else")
    refused(lambda b: b.transfer_objects(split(b), b.obj(Shared(OWN, 1, mutable=False))), "somebody else")
    refused(lambda b: b.transfer_objects(split(b), call(b)), "somebody else")


def test_without_the_right_to_handle_coins_only_calls_pass():
    refused(split, "SplitCoins", money=False)
    refused(lambda b: b.merge_coins(GasCoin(), []), "MergeCoins", money=False)
    refused(lambda b: b.transfer_objects([GasCoin()], b.pure_value(ADDRESS, OWN)), "TransferObjects", money=False)
    refused(lambda b: b.merge_coins(GasCoin(), [b.obj(ImmOrOwned(COIN))]), "owned", money=False)


def test_coins_never_go_into_a_call():
    refused(lambda b: call(b, [GasCoin()]), "gas coin")
    refused(lambda b: call(b, [b.obj(ImmOrOwned(COIN))]), "owned object")
    refused(lambda b: call(b, split(b)), "coin to a call")
    refused(lambda b: call(b, [b.make_move_vec(split(b))]), "coin to a call")
    refused(lambda b: b.make_move_vec([b.obj(ImmOrOwned(COIN))]), "owned object")
    refused(lambda b: call(b, [NestedResult(9, 0)]), "coin to a call")
    refused(lambda b: call(b, [Result(0)]) and call(b, [Result(7)]), "coin to a call")


def test_other_commands_inputs_and_kinds_are_refused():
    refused(lambda b: b.publish([b"x"], []), "Publish")
    refused(lambda b: b.upgrade([b"x"], [], OURS, GasCoin()), "Upgrade")
    refused(lambda b: (b.obj(Receiving(COIN)), call(b)), "receives")
    system = next(iter(VARIANTS.values()))
    assert system is not None
    with pytest.raises(SignatureRefused, match="programmable"):
        RULES.check(object(), money=True)


def test_an_owned_object_named_twice_is_refused():
    builder = ProgrammableBuilder()
    owned = builder.obj(ImmOrOwned(COIN))
    builder.merge_coins(GasCoin(), [owned])
    kind = builder.finish()
    twice = ProgrammableTransaction((*kind.inputs, *kind.inputs), kind.commands)
    with pytest.raises(SignatureRefused, match="twice"):
        RULES.check(twice, money=True)
