"""What a real network wrote is read, written back byte for byte, and hashes to what that network says."""

import base64

import pytest

from sui import digests
from sui.checkpoint import CHECKPOINT_CONTENTS, CHECKPOINT_DATA, CHECKPOINT_SUMMARY, COMMITTEE
from sui.effects import TRANSACTION_EFFECTS, TRANSACTION_EVENTS, IdCreated, OutputNotExist, Success
from sui.errors import BcsError
from sui.object import MOVE_OBJECT_TYPE, MoveObject, object_type
from sui.system import AuthenticatorStateUpdate
from sui.transaction import TRANSACTION_DATA, ProgrammableTransaction


@pytest.fixture
def checkpoint(vector):
    return CHECKPOINT_DATA.decode(vector("sui/1137.chk"))


def test_checkpoint_is_written_back_byte_for_byte(vector, checkpoint):
    assert CHECKPOINT_DATA.encode(checkpoint) == vector("sui/1137.chk")


def test_checkpoint_digests(checkpoint):
    summary = checkpoint.summary.summary
    assert summary.sequence_number == 1137
    assert str(summary.digest()) == "8qkwUqdozk6whP2X7oxcy1SfwJouBLXwDQxkyHkNR1N3"
    assert checkpoint.contents.digest() == summary.content_digest
    assert CHECKPOINT_SUMMARY.decode(CHECKPOINT_SUMMARY.encode(summary)) == summary
    assert CHECKPOINT_CONTENTS.decode(CHECKPOINT_CONTENTS.encode(checkpoint.contents)) == checkpoint.contents


def test_signed_message_of_a_checkpoint_begins_with_its_intent_and_ends_with_the_epoch(checkpoint):
    summary = checkpoint.summary.summary
    assert summary.signed_message() == b"\2\0\0" + CHECKPOINT_SUMMARY.encode(summary) + bytes(8)


def test_every_transaction_of_the_checkpoint_hashes_to_its_contents(checkpoint):
    assert len(checkpoint.transactions) == 9
    for listed, executed in zip(checkpoint.contents.transactions, checkpoint.transactions, strict=True):
        assert digests.transaction_digest(TRANSACTION_DATA.encode(executed.transaction.data)) == listed.transaction
        assert digests.effects_digest(TRANSACTION_EFFECTS.encode(executed.effects)) == listed.effects
        assert executed.effects.transaction_digest == listed.transaction
        if executed.events is None:
            assert executed.effects.events_digest is None
        else:
            events = TRANSACTION_EVENTS.encode(executed.events)
            assert digests.events_digest(events) == executed.effects.events_digest


def test_every_written_object_hashes_to_its_effects(checkpoint):
    checked = 0
    for executed in checkpoint.transactions:
        written = {item.object_id: item for item in executed.output_objects}
        for change in executed.effects.changed_objects:
            if not isinstance(change.output_state, OutputNotExist):
                assert written[change.object_id].digest() == change.output_state.digest
                checked += 1
    assert checked >= 9


def test_created_ids_are_derived_from_the_transaction(checkpoint):
    checked = 0
    for executed in checkpoint.transactions:
        created = {
            change.object_id
            for change in executed.effects.changed_objects
            if isinstance(change.id_operation, IdCreated)
        }
        digest = executed.effects.transaction_digest
        assert created == {digests.derive_object_id(digest, number) for number in range(len(created))}
        checked += len(created)
    assert checked > 200


def test_types_of_real_objects_are_written_in_the_short_form_where_there_is_one(checkpoint):
    seen = set()
    for executed in checkpoint.transactions:
        for item in (*executed.input_objects, *executed.output_objects):
            if isinstance(item.data, MoveObject):
                kind = item.data.type
                assert object_type(item.data.tag) == kind
                assert MOVE_OBJECT_TYPE.decode(MOVE_OBJECT_TYPE.encode(kind)) == kind
                seen.add(type(kind).__name__)
    assert {"GasCoinType", "OtherType"} <= seen


def test_committee(vector):
    raw = vector("sui/committee.bcs")
    committee = COMMITTEE.decode(raw)
    assert COMMITTEE.encode(committee) == raw
    assert sum(member.stake for member in committee.members) == 10_000


@pytest.mark.parametrize(
    ("name", "codec", "kind"),
    [
        ("wormhole-pyth-transaction", TRANSACTION_DATA, ProgrammableTransaction),
        ("authenticator_state_update", TRANSACTION_DATA, AuthenticatorStateUpdate),
        ("pyth-wormhole-v2", TRANSACTION_EFFECTS, Success),
    ],
)
def test_single_values(vector, name, codec, kind):
    raw = base64.b64decode(vector(f"sui/{name}"))
    value = codec.decode(raw)
    assert codec.encode(value) == raw
    assert isinstance(getattr(value, "kind", None) or value.status, kind)


def test_real_transaction_has_what_it_is_known_for(vector):
    value = TRANSACTION_DATA.decode(base64.b64decode(vector("sui/wormhole-pyth-transaction")))
    assert len(value.kind.inputs) == 11
    effects = TRANSACTION_EFFECTS.decode(base64.b64decode(vector("sui/pyth-wormhole-v2")))
    assert effects.executed_epoch == 369


@pytest.mark.parametrize("name", ["wormhole-pyth-transaction", "pyth-wormhole-v2"])
def test_no_prefix_and_no_extension_of_a_real_value_is_accepted(vector, name):
    raw = base64.b64decode(vector(f"sui/{name}"))
    codec = TRANSACTION_EFFECTS if name.endswith("v2") else TRANSACTION_DATA
    for end in range(0, len(raw), 7):
        with pytest.raises(BcsError):
            codec.decode(raw[:end])
    with pytest.raises(BcsError):
        codec.decode(raw + b"\0")
