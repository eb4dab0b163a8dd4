"""Every dataclass has the fields of its Move struct, in order, under the same names, with the same BCS."""

import dataclasses
import types
import typing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain import rules, statements
from chain.bindings import cluster_object, events, objects, state, upgrade_events
from chain.errors import PayloadError
from sui import bcs
from sui.type_tag import StructTag
from sui.types import Address

PACKAGE = Address.parse("0xa1")

LAYOUTS = {
    ("settings", "Settings"): state.SETTINGS,
    ("settings", "Delays"): state.DELAYS,
    ("approvals", "Measurement"): state.MEASUREMENT,
    ("approvals", "Configuration"): state.CONFIGURATION,
    ("settings", "PendingSetting"): state.PENDING_SETTING,
    ("settings", "Penalties"): state.PENALTIES,
    ("approvals", "Approvals"): cluster_object.APPROVALS,
    ("deposit", "Deposit"): cluster_object.DEPOSIT,
    ("deposit", "Leaving"): cluster_object.LEAVING,
    ("operators", "Operators"): cluster_object.OPERATORS,
    ("operators", "Successor"): state.SUCCESSOR,
    ("operators", "Bond"): cluster_object.BOND,
    ("cluster_state", "ClusterState"): state.CLUSTER_STATE,
    ("cluster_state", "PendingVersion"): state.PENDING_VERSION,
    ("seal_token", "PendingRules"): objects.PENDING_RULES,
    ("request", "Terms"): objects.TERMS,
    ("upgrade_lock", "Announced"): objects.ANNOUNCED,
    ("rules", "Rule"): rules.RULE,
    ("rules", "Envelope"): rules.ENVELOPE,
    ("statement", "AnswerStatement"): statements.ANSWER_STATEMENT,
    ("statement", "ViolationStatement"): statements.VIOLATION_STATEMENT,
    ("statement", "GrantStatement"): statements.GRANT_STATEMENT,
    ("statement", "Manifest"): statements.MANIFEST,
    **objects.OBJECTS,
    **{("events", name): codec for name, codec in events.EVENTS.items()},
    **{("upgrade_lock", name): codec for name, codec in upgrade_events.UPGRADE_EVENTS.items()},
}

PLAIN = {
    "u8": "u8",
    "u16": "u16",
    "u64": "u64",
    "bool": "bool",
    "address": "address",
    "ID": "address",
    "UID": "address",
    "String": "string",
    "vector<u8>": "bytes",
    "Balance<SUI>": "u64",
    "vector<vector<u8>>": "vector<bytes>",
}
PRIVATE = {
    ("cluster", "RegisteredKey"),
    ("enclave", "Attested"),
    ("request", "Asked"),
    ("request", "Granted"),
    ("enclave", "Proven"),
    ("answer", "Answer"),
    ("wallet_display", "WALLET_DISPLAY"),
}


def expected(kind: str) -> str:
    if kind in PLAIN:
        return PLAIN[kind]
    if kind.startswith("Option<"):
        return f"option<{expected(kind[7:-1])}>"
    if kind.startswith("vector<"):
        return f"vector<{expected(kind[7:-1])}>"
    return kind


def field_codecs(codec):
    """The codecs of a struct's fields, in order."""
    return [(name, write.__self__.name) for name, write in codec._writers]


@pytest.mark.parametrize("place", LAYOUTS, ids="::".join)
def test_fields_are_those_of_the_move_struct(place, move_modules):
    module, name = place
    wanted = [(field, expected(kind)) for field, kind in move_modules[module].structs[name]]
    assert field_codecs(LAYOUTS[place]) == wanted


def test_every_struct_of_the_contract_has_a_codec(move_modules):
    declared = {(module, name) for module, parsed in move_modules.items() for name in parsed.structs}
    assert declared - PRIVATE == set(LAYOUTS)


LIMITED = {"payload": 7, "body": 7, "rules": 64, "pending_rules": 64, "narrowed": 64, "verbs": 32}


def values(kind, name=""):
    """Any value that a dataclass field of this type may have."""
    origin = typing.get_origin(kind)
    if kind is Address:
        return st.binary(min_size=32, max_size=32).map(Address)
    if kind is int:
        return st.integers(0, 255 if name in {"outcome", "policy"} else 65_535 if name == "status" else 2**64 - 1)
    if kind is bool:
        return st.booleans()
    if kind is bytes:
        return st.binary(max_size=64)
    if kind is str:
        return st.text(max_size=20)
    if origin is types.UnionType:
        return st.none() | values(typing.get_args(kind)[0])
    if origin is tuple:
        return st.lists(values(typing.get_args(kind)[0]), max_size=min(4, LIMITED.get(name, 4))).map(tuple)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, vars(__import__(kind.__module__, fromlist=["x"])) | HINTS)
        return st.builds(
            kind, **{field.name: values(hints[field.name], field.name) for field in dataclasses.fields(kind)}
        )
    raise TypeError(kind)


HINTS = {"Address": Address, **{cls.__name__: cls for cls in (rules.Rule, rules.Envelope)}}


@pytest.mark.parametrize("place", LAYOUTS, ids="::".join)
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_value_survives_its_bytes(place, data):
    codec = LAYOUTS[place]
    value = data.draw(values(codec.cls))
    encoded = codec.encode(value)
    assert codec.decode(encoded) == value
    with pytest.raises(bcs.BcsError):
        codec.decode(encoded + b"\0")
    with pytest.raises(bcs.BcsError):
        codec.decode(encoded[:-1])


def test_an_event_is_decoded_by_its_type():
    event = events.K8sRequestProcessed(Address.parse("0x1"), Address.parse("0x2"), events.Outcome.EXPIRED, 5)
    data = events.EVENTS["K8sRequestProcessed"].encode(event)
    assert events.decode_event(PACKAGE, StructTag(PACKAGE, "events", "K8sRequestProcessed"), data) == event
    assert events.event_type(PACKAGE, "K8sAPIRequest") == f"{PACKAGE}::events::K8sAPIRequest"
    assert events.event_type(PACKAGE, "UpgradeLocked") == f"{PACKAGE}::upgrade_lock::UpgradeLocked"


@pytest.mark.parametrize(
    "kind",
    [
        StructTag(Address.parse("0xa2"), "events", "K8sRequestProcessed"),
        StructTag(PACKAGE, "request", "K8sRequestProcessed"),
        StructTag(PACKAGE, "events", "Unknown"),
        StructTag(PACKAGE, "events", "K8sRequestProcessed", (StructTag(PACKAGE, "a", "B"),)),
    ],
    ids=str,
)
def test_an_event_of_another_type_is_refused(kind):
    with pytest.raises(PayloadError, match="no event"):
        events.decode_event(PACKAGE, kind, bytes(73))


def test_a_cut_event_is_refused():
    with pytest.raises(PayloadError, match="cannot be read"):
        events.decode_event(PACKAGE, StructTag(PACKAGE, "events", "K8sRequestProcessed"), bytes(72))


def test_an_object_is_decoded_by_its_type():
    challenge = objects.Challenge(Address.parse("0x1"), Address.parse("0x2"), Address.parse("0x3"), 9)
    data = objects.CHALLENGE.encode(challenge)
    kind = objects.object_type(PACKAGE, "enclave", "Challenge")
    assert objects.decode_object(PACKAGE, kind, data) == challenge
    with pytest.raises(PayloadError, match="cannot be read"):
        objects.decode_object(PACKAGE, kind, data[:-1])
    with pytest.raises(PayloadError, match="no object"):
        objects.decode_object(Address.parse("0xa2"), kind, data)
    with pytest.raises(PayloadError, match="no object"):
        objects.decode_object(PACKAGE, None, data)


def test_what_is_announced_to_leave_does_not_count():
    leaving = (cluster_object.Leaving(4, 7), cluster_object.Leaving(1, 9))
    assert cluster_object.Deposit(9, leaving).counted == 4
