"""What a session keeps, takes and refuses."""

from __future__ import annotations

import hashlib

import pytest

from localnet.vm import (
    CallRefused,
    Meter,
    MoveAbort,
    NativesConfig,
    NitroDocument,
    NitroRefused,
    Ref,
    StoredObject,
    TxContext,
    VmError,
)
from sui.type_tag import TypeTag
from sui.types import Address, AddressOwner, ImmutableOwner, SharedOwner
from tests.localnet.vm.conftest import CORPUS_ID, SENDER, new_session
from tests.localnet.vm.toolchain import SUI

pytestmark = pytest.mark.toolchain
COIN = TypeTag.parse("0x2::coin::Coin<0x2::sui::SUI>")
SUI_TYPE = TypeTag.parse("0x2::sui::SUI")


def object_id(n: int) -> Address:
    return Address(hashlib.blake2b(b"\xf1" + bytes(range(32)) + n.to_bytes(8, "little"), digest_size=32).digest())


def test_ids_come_from_digest_and_counter_and_go_on_over_calls(session):
    [first] = session.execute(CORPUS_ID, "objects", "ids")
    assert first.value == [object_id(0), object_id(1), object_id(2), SENDER]
    [second] = session.execute(CORPUS_ID, "objects", "ids")
    assert second.value[0] == object_id(3)
    assert session.created_ids == [object_id(n) for n in range(6)]
    assert session.deleted_ids == {object_id(0), object_id(1), object_id(3), object_id(4)}


def test_transfers_name_object_type_and_owner(session):
    session.execute(CORPUS_ID, "objects", "sends")
    owners = [transfer.owner for transfer in session.transfers]
    assert owners == [AddressOwner(Address.parse("0xb0b")), SharedOwner(0), ImmutableOwner()]
    assert {str(transfer.type) for transfer in session.transfers} == {f"{CORPUS_ID}::objects::Item"}
    assert [transfer.value[1] for transfer in session.transfers] == [1, 2, 3]


def test_events_keep_type_and_bytes(session):
    session.execute(CORPUS_ID, "objects", "emits", args=[2])
    assert [str(event.type) for event in session.events] == [f"{CORPUS_ID}::objects::Happened"] * 2
    assert session.events[1].contents == (1).to_bytes(8, "little") + SENDER + b"\x01\x01"


def test_mutable_references_hold_the_change(vm, session):
    coin = Ref([[[object_id(50)]], [100]])
    [part] = session.execute(SUI, "coin", "split", [SUI_TYPE], [coin, 30])
    assert coin.value[1] == [70]
    assert part.type == COIN
    assert part.value[1] == [30]
    assert vm.serialize(COIN, part.value) == object_id(0) + (30).to_bytes(8, "little")


def test_a_failed_call_says_where(session):
    with pytest.raises(MoveAbort) as caught:
        session.execute(SUI, "coin", "split", [SUI_TYPE], [Ref([[[object_id(1)]], [1]]), 2])
    assert (caught.value.module, caught.value.function, caught.value.code) == ("balance", "split", 2)
    assert caught.value.instruction > 0
    with pytest.raises(VmError, match="ARITHMETIC_ERROR"):
        session.execute(CORPUS_ID, "integers", "arithmetic_u8", args=[0, 255, 1])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("integers", "nothing", [], []), "no such function"),
        (("nowhere", "nothing", [], []), "no module nowhere"),
        (("control", "sum_to", [], []), "takes 1 arguments, 0"),
        (("control", "sum_to", [SUI_TYPE], [1]), "takes 0 type arguments"),
        (("control", "sum_to", [], [Ref(1)]), "a reference was given"),
        (("enums", "total", [], [[0]]), "a reference must be given"),
        (("generics", "borrow", [SUI_TYPE], [Ref([[]])]), "returns a reference"),
        (("generics", "count", [COIN], [[], 1]), "lacks copy, drop"),
    ],
)
def test_calls_that_do_not_fit_are_refused(session, call, words):
    with pytest.raises(CallRefused, match=words):
        session.execute(CORPUS_ID, *call)


def test_gas_runs_out_in_a_loop(vm):
    meter = Meter(50_000)
    session = new_session(vm, meter=meter)
    with pytest.raises(VmError, match="OUT_OF_GAS"):
        session.execute(CORPUS_ID, "control", "sum_to", args=[10**12])
    assert meter.internal_units > 50_000
    small = Meter(50_000)
    new_session(vm, meter=small).execute(CORPUS_ID, "control", "sum_to", args=[10])
    assert 0 < small.internal_units < 50_000
    assert small.instructions > 100


class Ledger:
    """Objects in memory."""

    def __init__(self):
        self.children = {}
        self.sent = {}

    def get(self, object_id, parent):
        return self.children.get((parent, object_id))

    def receive(self, object_id, parent, version):
        found = self.sent.get((parent, object_id))
        return found if found is not None and found.version == version else None


def test_dynamic_fields_are_loaded_changed_and_reported(vm):
    key, value = TypeTag.parse("u64"), TypeTag.parse("vector<u64>")
    first = new_session(vm)
    [made] = first.execute(SUI, "table", "new", [key, value])
    table = Ref(made.value)
    first.execute(SUI, "table", "add", [key, value], [table, 1, [5]])
    first.execute(SUI, "table", "add", [key, value], [table, 2, [6]])
    ledger = Ledger()
    for change in first.dynamic_fields:
        assert change.changed
        assert change.before is None
        ledger.children[change.parent, change.object_id] = StoredObject(change.type, change.contents, 1)
    assert len(ledger.children) == 2

    second = new_session(vm, objects=ledger)
    [length] = second.execute(SUI, "table", "length", [key, value], [table])
    [taken] = second.execute(SUI, "table", "remove", [key, value], [table, 1])
    [there] = second.execute(SUI, "table", "contains", [key, value], [table, 2])
    assert (length.value, taken.value, there.value) == (2, [5], True)
    changes = {change.contents is None: change for change in second.dynamic_fields}
    assert changes[True].changed
    assert changes[True].before.version == 1
    with pytest.raises(MoveAbort) as caught:
        second.execute(SUI, "table", "remove", [key, value], [table, 1])
    assert (caught.value.module, caught.value.code) == ("dynamic_field", 1)


def test_only_new_objects_can_become_shared(vm):
    session = new_session(vm)
    existing = [[[object_id(900)]], [1]]
    with pytest.raises(MoveAbort) as caught:
        session.execute(SUI, "transfer", "public_share_object", [COIN], [existing])
    assert (caught.value.function, caught.value.code) == ("share_object_impl", 0)
    again = new_session(vm, input_objects={object_id(900): SharedOwner(4)})
    again.execute(SUI, "transfer", "public_share_object", [COIN], [existing])
    assert again.transfers[0].owner == SharedOwner(0)


def test_receiving(vm):
    parent = [[object_id(70)]]
    sent = StoredObject(COIN, bytes(object_id(71)) + (9).to_bytes(8, "little"), 5)
    ledger = Ledger()
    ledger.sent[object_id(70), object_id(71)] = sent
    session = new_session(vm, objects=ledger)
    ticket = [[object_id(71)], 5]
    [coin] = session.execute(SUI, "transfer", "public_receive", [COIN], [Ref(parent), ticket])
    assert coin.value == [[[object_id(71)]], [9]]
    assert session.received == [object_id(71)]
    with pytest.raises(MoveAbort) as caught:
        session.execute(SUI, "transfer", "public_receive", [COIN], [Ref(parent), ticket])
    assert caught.value.code == 3


def test_nitro_attestation_is_the_ledgers(vm):
    clock = Ref([[[Address.parse("0x6")]], 1234])
    seen = []

    def verify(document: bytes, clock_ms: int) -> NitroDocument:
        seen.append((document, clock_ms))
        if document == b"bad":
            raise NitroRefused(2, "the signature does not verify")
        return NitroDocument(b"module", 5, b"SHA384", [(0, b"\x01" * 48)], b"key", None, b"nonce")

    session = new_session(vm, natives=NativesConfig(nitro=verify))
    [document] = session.execute(SUI, "nitro_attestation", "load_nitro_attestation", args=[bytearray(b"good"), clock])
    assert document.value[4] == [[bytearray(b"key")]]
    assert document.value[5] == [[]]
    assert seen == [(b"good", 1234)]
    with pytest.raises(MoveAbort) as caught:
        session.execute(SUI, "nitro_attestation", "load_nitro_attestation", args=[bytearray(b"bad"), clock])
    assert caught.value.code == 2
    with pytest.raises(MoveAbort) as caught:
        new_session(vm).execute(SUI, "nitro_attestation", "load_nitro_attestation", args=[bytearray(b""), clock])
    assert caught.value.code == 0


def test_context_is_what_the_ledger_said(vm):
    context = TxContext(SENDER, bytes(32), epoch=9, epoch_timestamp_ms=10, gas_price=5, sponsor=Address.parse("0x5"))
    [sender, digest, epoch, started, sponsor] = new_session(vm, tx_context=context).execute(
        CORPUS_ID, "objects", "context"
    )
    assert (sender.value, digest.value, epoch.value, started.value) == (SENDER, bytearray(32), 9, 10)
    assert sponsor.value == [[Address.parse("0x5")]]


def test_unsupported_natives_say_so(session):
    with pytest.raises(VmError, match="poseidon_bn254_internal is not supported here"):
        session.execute(SUI, "poseidon", "poseidon_bn254", args=[Ref([1])])


def test_arguments_of_another_shape_fail_safely(session):
    with pytest.raises(VmError, match="UNKNOWN_INVARIANT_VIOLATION_ERROR"):
        session.execute(CORPUS_ID, "natives", "address_from", args=[7])
