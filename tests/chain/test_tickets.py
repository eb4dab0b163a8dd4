"""A ticket opens one thing, here, for a while, for its token's owner."""

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import tickets as t
from chain.errors import PayloadError, TicketExpiredError, TicketMalformedError, TicketUntrustedError
from chain.payload import Header
from sui.keys import Ed25519Key
from sui.types import Address

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "statements.json"
STATEMENTS = json.loads(GOLDEN.read_text())
OWNER = Ed25519Key.generate(b"o" * 32)
SCOPE = t.TicketScope(b"\1" * 32, Address.parse("0x1"), Address.parse("0x2"), Address.parse("0x3"))
TOKEN = Address.parse("0x4")
SUBJECT = b"\x05" * 32


def ticket(**changes):
    options = {
        "purpose": t.TicketPurpose.PUT,
        "subject": SUBJECT,
        "length": 9,
        "deadline": 200,
        "sign": OWNER.sign,
    } | changes
    return t.make_ticket(options.pop("scope", SCOPE), TOKEN, **options)


@pytest.mark.parametrize("case", STATEMENTS["tickets"], ids=lambda case: case["name"])
def test_golden_bytes(case):
    fields = {
        name: Address.parse(value) if isinstance(value, str) and value.startswith("0x") else value
        for name, value in case["fields"].items()
    }
    fields |= {name: bytes.fromhex(fields[name]) for name in ("chain_id", "subject")}
    value = t.TicketStatement(domain=t.TICKET_DOMAIN, **fields)
    encoded = t.TICKET_STATEMENT.encode(value)
    assert encoded.hex() == case["bcs"]
    assert hashlib.sha256(encoded).hexdigest() == case["sha256"]
    assert t.TICKET_STATEMENT.decode(encoded) == value
    made = t.Ticket(value, bytes.fromhex(case["signature"]))
    assert made.text == case["text"]
    scope = t.TicketScope(value.chain_id, value.package, value.cluster, value.enclave)
    t.parse_ticket(case["text"]).check(scope, bytes.fromhex(case["public_key"]))


ADDRESSES = st.binary(min_size=32, max_size=32).map(Address)
NUMBERS = st.integers(0, 2**64 - 1)


WANTED = st.fixed_dictionaries(
    {
        "purpose": st.sampled_from(t.TicketPurpose),
        "subject": st.binary(min_size=32, max_size=32),
        "length": NUMBERS,
        "deadline": NUMBERS,
    }
)


@given(st.builds(t.TicketScope, ADDRESSES, ADDRESSES, ADDRESSES, ADDRESSES), ADDRESSES, WANTED)
def test_the_text_comes_back(scope, token, wanted):
    made = t.make_ticket(scope, token, sign=OWNER.sign, **wanted)
    again = t.parse_ticket(made.text)
    assert again == made
    assert again.purpose is wanted["purpose"]
    again.check(scope, OWNER.public)
    assert set(made.text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.integers(0, 8 * len(base64.urlsafe_b64decode(ticket().text + "==")) - 1))
def test_one_flipped_bit_opens_nothing(at):
    raw = bytearray(base64.urlsafe_b64decode(ticket().text + "=="))
    raw[at // 8] ^= 1 << at % 8
    text = base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
    with pytest.raises((TicketMalformedError, TicketUntrustedError)):
        t.parse_ticket(text).check(SCOPE, OWNER.public)


@given(st.text(max_size=400))
def test_any_other_text_is_no_ticket(text):
    with pytest.raises(TicketMalformedError):
        t.parse_ticket(text)


@pytest.mark.parametrize("name", ["chain_id", "package", "cluster", "enclave"])
def test_a_ticket_for_elsewhere_is_refused(name):
    other = replace(SCOPE, **{name: b"\7" * 32 if name == "chain_id" else Address.parse("0x77")})
    with pytest.raises(TicketUntrustedError, match="another"):
        ticket(scope=other).check(SCOPE, OWNER.public)


def test_a_ticket_of_somebody_else_is_refused():
    with pytest.raises(TicketUntrustedError, match="owner"):
        ticket().check(SCOPE, Ed25519Key.generate(b"x" * 32).public)


def test_it_is_good_until_its_deadline_which_must_be_near():
    made = ticket(deadline=200)
    made.check_time(199, 100)
    made.check_time(100, 100)
    for now in (99, 200, 201):
        with pytest.raises(TicketExpiredError):
            made.check_time(now, 100)


def test_another_domain_purpose_or_length_is_no_ticket():
    made = ticket()
    for changed in (
        replace(made, statement=replace(made.statement, domain=b"k3s-daas::grant::v1")),
        replace(made, statement=replace(made.statement, purpose="open")),
        replace(made, statement=replace(made.statement, subject=b"short")),
        replace(made, signature=b"short"),
    ):
        with pytest.raises(TicketMalformedError):
            t.parse_ticket(changed.text)
    for text in (made.text + "=", made.text + "A", "A" * 2000, ""):
        with pytest.raises(TicketMalformedError):
            t.parse_ticket(text)
    with pytest.raises(TicketMalformedError):
        ticket(subject=b"short")


TEXT = st.text(max_size=9)
CALLS = st.builds(
    t.LocalCall, TEXT, TEXT, st.lists(st.builds(Header, TEXT, TEXT), max_size=3).map(tuple), st.binary(max_size=9)
)


@given(CALLS)
def test_a_local_call_comes_back(call):
    assert t.decode_local_call(t.encode_local_call(call)) == call


@given(CALLS, CALLS)
def test_a_local_calls_subject_tells_method_target_and_body(one, other):
    same = (one.method, one.target, one.body) == (other.method, other.target, other.body)
    assert (one.subject == other.subject) == same


@given(st.binary(max_size=64))
def test_other_bytes_are_no_local_call(data):
    try:
        assert t.encode_local_call(t.decode_local_call(data)) == data
    except PayloadError as error:
        assert "broken" in str(error)  # noqa: PT017 - either way is right for some bytes


def test_a_local_call_shows_no_body():
    assert "secret" not in repr(t.LocalCall("POST", "/x", (), b"secret"))
