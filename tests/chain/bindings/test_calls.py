"""Every call passes what the Move function's source asks for, in its order."""

import inspect

import pytest

from chain.bindings import calls
from chain.bindings.state import Delays, Penalties, Settings
from chain.payload import chunks_hash, sealed_hash
from chain.rules import Envelope, Rule
from chain.statements import ANSWER_DOMAIN, AnswerStatement
from sui.bcs import BOOL, BYTES, STRING, U16, U64, vector
from sui.builder import ProgrammableBuilder
from sui.errors import BuildError
from sui.transaction import (
    GAS_COIN,
    ImmOrOwned,
    Input,
    MakeMoveVec,
    MoveCall,
    NestedResult,
    Object,
    Pure,
    Result,
    Shared,
    SplitCoins,
)
from sui.type_tag import StructTag, TypeTag
from sui.types import Address, Digest, ObjectRef

CONTRACT = calls.Contract(Address.parse("0xa2"), Address.parse("0xa1"))
CLUSTER = calls.SharedRef(Address.parse("0xc1"), 11)
ENCLAVE = calls.SharedRef(Address.parse("0xe1"), 12)
TOKEN = calls.SharedRef(Address.parse("0x70"), 13)
CAP = ObjectRef(Address.parse("0xca"), 4, Digest(bytes(32)))
COIN = ObjectRef(Address.parse("0xc0"), 4, Digest(bytes(32)))
SETTINGS = Settings(1, 2, 3, 4, 5, 6, 8_192, 9_000, 10)
DELAYS = Delays(1, 2, 3, 4, 6, 5, 7, 8)
PENALTIES = Penalties(1_000, 1_000)
RULES = (Rule("", "pods", "", "default", ("get", "list")), Rule("apps", "*", "", "*", ("*",)))
ENVELOPE = Envelope("get", "", "pods", "", "default")
GRANT = calls.SignedGrant(b"\x01" * 32, 5, 6, RULES, b"\x02" * 64)


def answer(number: int, body: bytes | None = b"body") -> calls.Answer:
    request = calls.SharedRef(Address(bytes([number]) * 32), 20 + number)
    return calls.Answer(request, number, 200, body, b"\x03" * 32, 4, 99, b"\x04" * 64)


def asked(sealed: bytes = b"sealed") -> calls.Submission:
    return calls.submission(ENVELOPE, sealed, deadline=77, inline_bytes=64_000)


def signed_answer(status: int) -> tuple[AnswerStatement, bytes]:
    where = (CLUSTER.object_id, ENCLAVE.object_id)
    said = AnswerStatement(
        ANSWER_DOMAIN, bytes(32), CONTRACT.original, *where, 1, 2, 3, TOKEN.object_id, b"p", status, b"b", 4, 5
    )
    return said, b"\x05" * 64


CALLS = {
    ("settings", "new_settings"): lambda b: calls.new_settings(b, CONTRACT, SETTINGS),
    ("settings", "new_delays"): lambda b: calls.new_delays(b, CONTRACT, DELAYS),
    ("cluster", "create"): lambda b: calls.create_cluster(
        b, CONTRACT, chain_id=bytes(32), settings=SETTINGS, delays=DELAYS, delay_maxima=DELAYS, penalties=PENALTIES
    ),
    ("settings", "new_penalties"): lambda b: calls.new_penalties(b, CONTRACT, PENALTIES),
    ("cluster", "change_setting"): lambda b: calls.change_setting(b, CONTRACT, CLUSTER, CAP, name="min_stake", value=7),
    ("cluster", "grow_delays"): lambda b: calls.grow_delays(b, CONTRACT, CLUSTER, CAP, DELAYS),
    ("cluster", "replace_operator"): lambda b: calls.replace_operator(b, CONTRACT, CLUSTER, CAP, COIN.object_id),
    ("cluster", "cancel_operator"): lambda b: calls.cancel_operator(b, CONTRACT, CLUSTER, CAP),
    ("cluster", "announce_bond_withdrawal"): lambda b: calls.announce_bond_withdrawal(b, CONTRACT, CLUSTER, CAP, 5),
    ("cluster", "withdraw_bond"): lambda b: calls.withdraw_bond(b, CONTRACT, CLUSTER, CAP, COIN.object_id),
    ("cluster", "announce_version"): lambda b: calls.announce_version(b, CONTRACT, CLUSTER, CAP, TOKEN),
    ("cluster", "cancel_version"): lambda b: calls.cancel_version(b, CONTRACT, CLUSTER, CAP),
    ("cluster", "hand_over_admin"): lambda b: calls.hand_over_admin(b, CONTRACT, CLUSTER, CAP, COIN.object_id),
    ("cluster", "burn_admin"): lambda b: calls.burn_admin(b, CONTRACT, CLUSTER, CAP),
    ("cluster", "share"): lambda b: calls.share(b, CONTRACT, Result(0)),
    ("cluster", "add_measurement"): lambda b: calls.add_measurement(b, CONTRACT, CLUSTER, CAP, (b"0", b"1", b"2")),
    ("cluster", "add_configuration"): lambda b: calls.add_configuration(b, CONTRACT, CLUSTER, CAP, b"0"),
    ("cluster", "retire_measurement"): lambda b: calls.retire_measurement(b, CONTRACT, CLUSTER, CAP, 3),
    ("cluster", "retire_configuration"): lambda b: calls.retire_configuration(b, CONTRACT, CLUSTER, CAP, 3),
    ("cluster", "add_bond"): lambda b: calls.add_bond(b, CONTRACT, CLUSTER, CAP, COIN),
    ("enclave", "new_challenge"): lambda b: calls.new_challenge(b, CONTRACT, CLUSTER, CAP),
    ("enclave", "discard_challenge"): lambda b: calls.discard_challenge(b, CONTRACT, COIN),
    ("enclave", "register"): lambda b: calls.register(
        b,
        CONTRACT,
        CLUSTER,
        CAP,
        COIN,
        document=b"document",
        hpke_key=b"hpke",
        tls_ca_hash=b"ca",
        configuration_hash=b"configuration",
    ),
    ("enclave", "activate"): lambda b: calls.activate(b, CONTRACT, CLUSTER, CAP, ENCLAVE),
    ("enclave", "revoke"): lambda b: calls.revoke_enclave(b, CONTRACT, CLUSTER, CAP, ENCLAVE),
    ("enclave", "revoke_by_admin"): lambda b: calls.revoke_enclave(b, CONTRACT, CLUSTER, CAP, ENCLAVE, by_admin=True),
    ("seal_token", "issue"): lambda b: calls.issue_token(
        b, CONTRACT, CLUSTER, CAP, owner=CAP.object_id, public_key=b"k", rules=RULES, stake=5, expires_at=9
    ),
    ("enclave", "renew"): lambda b: calls.renew(
        b, CONTRACT, CLUSTER, CAP, enclave=ENCLAVE, challenge=COIN, document=b"d", configuration_hash=b"c"
    ),
    ("seal_token", "announce_stake_withdrawal"): lambda b: calls.announce_stake_withdrawal(
        b, CONTRACT, CLUSTER, TOKEN, 5
    ),
    ("seal_token", "withdraw_stake"): lambda b: calls.withdraw_stake(b, CONTRACT, TOKEN),
    ("seal_token", "migrate_token"): lambda b: calls.migrate_token(b, CONTRACT, CLUSTER, TOKEN),
    ("seal_token", "narrow"): lambda b: calls.narrow_token(b, CONTRACT, TOKEN, RULES),
    ("seal_token", "rescope"): lambda b: calls.rescope_token(b, CONTRACT, CLUSTER, CAP, token=TOKEN, rules=RULES),
    ("seal_token", "add_stake"): lambda b: calls.add_stake(b, CONTRACT, TOKEN, COIN),
    ("seal_token", "announce_token"): lambda b: calls.announce_token(b, CONTRACT, TOKEN),
    ("seal_token", "revoke"): lambda b: calls.revoke_token(b, CONTRACT, TOKEN),
    ("seal_token", "revoke_by_admin"): lambda b: calls.revoke_token_by_admin(b, CONTRACT, CLUSTER, CAP, TOKEN),
    ("request", "submit"): lambda b: calls.submit(
        b, CONTRACT, cluster=CLUSTER, enclave=ENCLAVE, token=TOKEN, asked=asked()
    ),
    ("request", "submit_with_grant"): lambda b: calls.submit_with_grant(
        b, CONTRACT, cluster=CLUSTER, enclave=ENCLAVE, token=TOKEN, grant=GRANT, asked=asked()
    ),
    ("request", "submit_with_receipt"): lambda b: calls.submit_with_receipt(
        b, CONTRACT, cluster=CLUSTER, enclave=ENCLAVE, token=TOKEN, asked=asked(), deposit=5
    ),
    ("request", "submit_many"): lambda b: calls.submit_many(
        b, CONTRACT, cluster=CLUSTER, enclave=ENCLAVE, token=TOKEN, asked=[asked(), asked(bytes(20_000))]
    ),
    ("request", "submit_many_with_grant"): lambda b: calls.submit_many_with_grant(
        b, CONTRACT, cluster=CLUSTER, enclave=ENCLAVE, token=TOKEN, grant=GRANT, asked=[asked(), asked()]
    ),
    ("answer", "store_k8s_response"): lambda b: calls.store_k8s_response(b, CONTRACT, CLUSTER, ENCLAVE, answer(1)),
    ("answer", "store_k8s_responses"): lambda b: calls.store_k8s_responses(
        b, CONTRACT, CLUSTER, ENCLAVE, [answer(1), answer(2)]
    ),
    ("answer", "store_k8s_violation"): lambda b: calls.store_k8s_violation(
        b, CONTRACT, CLUSTER, ENCLAVE, calls.Violation(answer(1).request, TOKEN, 3, 9, b"\x04" * 64)
    ),
    ("receipt", "delete_receipt"): lambda b: calls.delete_receipt(b, CONTRACT, COIN),
    ("evidence", "report_equivocation"): lambda b: calls.report_equivocation(
        b,
        CONTRACT,
        CLUSTER,
        ENCLAVE,
        request_id=TOKEN.object_id,
        answers=[signed_answer(200), signed_answer(404)],
    ),
    ("upgrade_lock", "lock"): lambda b: calls.lock_upgrades(b, CONTRACT, CAP, delay_ms=5, right_to=COIN.object_id),
    ("upgrade_lock", "grow_delay"): lambda b: calls.grow_upgrade_delay(b, CONTRACT, TOKEN, CAP, 5),
    ("upgrade_lock", "announce"): lambda b: calls.announce_upgrade(b, CONTRACT, TOKEN, CAP, bytes(32)),
    ("upgrade_lock", "cancel"): lambda b: calls.cancel_upgrade(b, CONTRACT, TOKEN, CAP),
    ("upgrade_lock", "commit"): lambda b: calls.upgrade(
        b, CONTRACT, TOKEN, CAP, modules=[b"code"], dependencies=[Address.parse("0x2")]
    ),
    ("upgrade_lock", "make_immutable"): lambda b: calls.make_immutable(b, CONTRACT, TOKEN, CAP),
    ("request", "expire_request"): lambda b: calls.expire_request(b, CONTRACT, ENCLAVE),
}

PURE = {
    "u16": U16,
    "u64": U64,
    "bool": BOOL,
    "String": STRING,
    "vector<u8>": BYTES,
    "vector<u64>": vector(U64),
    "vector<u16>": vector(U16),
    "vector<bool>": vector(BOOL),
    "vector<String>": vector(STRING),
    "vector<vector<u8>>": vector(BYTES),
    "vector<vector<String>>": vector(vector(STRING)),
}
SHARED = {"Cluster", "Enclave", "SealToken", "Clock", "Request", "UpgradeLock"}
OWNED = {"AdminCap", "OperatorCap", "Challenge", "Coin<SUI>", "UpgradeCap", "UpgradeRight", "Receipt"}


def built(place):
    builder = ProgrammableBuilder()
    result = CALLS[place](builder)
    program = builder.finish()
    call = program.commands[result.index if isinstance(result, Result) else result.cluster.index]
    assert isinstance(call, MoveCall)
    return program, call


@pytest.mark.parametrize("place", CALLS, ids="::".join)
def test_arguments_are_those_of_the_move_function(place, move_modules):
    program, call = built(place)
    assert (call.package, call.module, call.function) == (CONTRACT.package, *place)
    parameters = move_modules[place[0]].functions[place[1]].parameters
    assert len(call.arguments) == len(parameters)
    for argument, kind in zip(call.arguments, parameters, strict=True):
        assert isinstance(argument, Input | Result | NestedResult)
        if not isinstance(argument, Input):
            continue
        value = program.inputs[argument.index]
        bare = kind.removeprefix("&mut ").removeprefix("&")
        if bare in SHARED:
            assert isinstance(value, Object)
            assert isinstance(value.arg, Shared)
            assert value.arg.mutable == (not kind.startswith("&") or kind.startswith("&mut ")), kind
        elif bare in OWNED:
            assert isinstance(value, Object)
            assert isinstance(value.arg, ImmOrOwned)
        elif kind not in {"address", "ID"}:
            assert isinstance(value, Pure)
            PURE[kind].decode(value.value)


def test_every_callable_function_has_a_binding(move_modules):
    callable_ones = {
        (module, name)
        for module, parsed in move_modules.items()
        for name, function in parsed.functions.items()
        if "entry" in function.visibility
        or (
            function.visibility == "public"
            and module in {"cluster", "enclave", "receipt", "seal_token", "settings", "upgrade_lock"}
        )
    }
    reading = {
        place
        for place in callable_ones
        if all(kind.startswith("&") and not kind.startswith("&mut") for kind in parameters(move_modules, place))
        and "entry" not in move_modules[place[0]].functions[place[1]].visibility
        and place != ("enclave", "new_challenge")
    }
    reading |= {("cluster", "counted_bond"), ("upgrade_lock", "package_of")}
    # The ticket is used up by the Upgrade command in the same transaction: one binding holds all three.
    assert ("upgrade_lock", "authorize") in callable_ones
    assert callable_ones - reading - {("upgrade_lock", "authorize")} == set(CALLS)


def parameters(move_modules, place):
    return move_modules[place[0]].functions[place[1]].parameters


def test_what_acts_for_the_sender_is_entry_and_never_public(move_modules):
    for module in ("request", "answer", "evidence"):
        for name, function in move_modules[module].functions.items():
            if "TxContext" in function.context and function.visibility not in {"", "public(package)"}:
                assert function.visibility == "public(package) entry", name
    for name, function in move_modules["seal_token"].functions.items():
        if "ENotOwner" in function.body:
            assert function.visibility == "public(package) entry", name


def test_entry_functions_take_only_plain_values_and_objects(move_modules):
    """Sui's verifier has refused entry functions with other structs as parameters: `vector<Rule>` would be one."""
    plain = {"bool", "address", "u8", "u16", "u64", "String", "ID"}
    for parsed in move_modules.values():
        for name, function in parsed.functions.items():
            if "entry" not in function.visibility:
                continue
            for kind in function.parameters:
                bare = kind.removeprefix("&mut ").removeprefix("&")
                while bare.startswith("vector<"):
                    bare = bare[7:-1]
                assert bare in plain | SHARED | OWNED, (name, kind)


def test_creation_returns_cluster_and_both_caps():
    made = calls.create_cluster(
        ProgrammableBuilder(),
        CONTRACT,
        chain_id=bytes(32),
        settings=SETTINGS,
        delays=DELAYS,
        delay_maxima=DELAYS,
        penalties=PENALTIES,
    )
    assert (made.cluster, made.admin, made.operator) == tuple(NestedResult(4, place) for place in range(3))


def test_a_registration_lets_the_ledger_verify_the_document_first():
    program, call = built(("enclave", "register"))
    verify, register = program.commands
    assert (verify.package, verify.module, verify.function) == (
        Address.parse("0x2"),
        "nitro_attestation",
        "load_nitro_attestation",
    )
    assert register == call
    assert call.arguments[3] == Result(0)


def test_rules_are_made_by_commands_and_typed_by_the_original_id():
    program, call = built(("seal_token", "issue"))
    makes = [command for command in program.commands if isinstance(command, MakeMoveVec)]
    assert [make.element_type for make in makes] == [StructTag(CONTRACT.original, "rules", "Rule")]
    rules = [command for command in program.commands if getattr(command, "function", "") == "new_rule"]
    assert len(rules) == len(RULES)
    assert all(rule.package == CONTRACT.package for rule in rules)
    assert any(isinstance(command, SplitCoins) and command.coin == GAS_COIN for command in program.commands)
    assert call.arguments[4].index == program.commands.index(makes[0])


def test_a_stake_may_be_a_coin_of_its_own():
    builder = ProgrammableBuilder()
    coin = builder.obj(ImmOrOwned(COIN))
    calls.issue_token(
        builder, CONTRACT, CLUSTER, CAP, owner=CAP.object_id, public_key=b"k", rules=(), stake=coin, expires_at=9
    )
    assert not any(isinstance(command, SplitCoins) for command in builder.finish().commands)


def test_the_rules_of_a_grant_are_one_plain_argument():
    program, call = built(("request", "submit_with_grant"))
    assert program.commands == (call,)
    texts = vector(vector(STRING)).decode(program.inputs[call.arguments[6].index].value)
    assert texts == (("", "pods", "", "default", "get", "list"), ("apps", "*", "", "*", "*"))


def test_one_chunk_is_one_argument():
    builder = ProgrammableBuilder()
    calls.submit(builder, CONTRACT, cluster=CLUSTER, enclave=ENCLAVE, token=TOKEN, asked=asked(b"\x05" * 16_000))
    program = builder.finish()
    assert len(program.commands) == 1
    assert Pure(vector(BYTES).encode((b"\x05" * 16_000,))) in program.inputs


def test_several_chunks_are_put_together_in_order():
    sealed = bytes(at % 251 for at in range(40_000))
    builder = ProgrammableBuilder()
    calls.submit(builder, CONTRACT, cluster=CLUSTER, enclave=ENCLAVE, token=TOKEN, asked=asked(sealed))
    program = builder.finish()
    make = program.commands[0]
    assert isinstance(make, MakeMoveVec)
    assert make.element_type == TypeTag.parse("vector<u8>")
    parts = [BYTES.decode(program.inputs[element.index].value) for element in make.elements]
    assert b"".join(parts) == sealed
    assert [len(part) for part in parts] == [16_000, 16_000, 8_000]
    assert chunks_hash(tuple(parts)) == sealed_hash(sealed) == asked(sealed).payload_hash


def test_what_is_longer_than_inline_travels_beside_the_chain():
    beside = calls.submission(ENVELOPE, bytes(101), deadline=1, inline_bytes=100)
    inside = calls.submission(ENVELOPE, bytes(100), deadline=1, inline_bytes=100)
    assert beside.payload is None
    assert (beside.payload_hash, beside.payload_length) == (sealed_hash(bytes(101)), 101)
    assert inside.payload == bytes(100)


def test_a_batch_of_answers_is_one_call():
    program, call = built(("answer", "store_k8s_responses"))
    requests, bodies = [command for command in program.commands if isinstance(command, MakeMoveVec)]
    assert requests.element_type == StructTag(CONTRACT.original, "request", "Request")
    assert bodies.element_type == TypeTag.parse("vector<vector<u8>>")
    assert [program.inputs[element.index].arg.object_id[0] for element in requests.elements] == [1, 2]
    assert sum(isinstance(command, MoveCall) for command in program.commands) == 1
    assert vector(U64).decode(program.inputs[call.arguments[3].index].value) == (1, 2)


def test_a_document_that_fits_no_argument_is_refused_before_it_is_sent():
    with pytest.raises(BuildError, match="pure argument"):
        calls.register(
            ProgrammableBuilder(),
            CONTRACT,
            CLUSTER,
            CAP,
            COIN,
            document=bytes(16_384),
            hpke_key=b"",
            tls_ca_hash=b"",
            configuration_hash=b"",
        )


def test_everything_offered_is_documented():
    assert len(set(calls.__all__)) == len(calls.__all__)
    for name in calls.__all__:
        if name != "CLOCK":
            assert inspect.getdoc(getattr(calls, name)), name
