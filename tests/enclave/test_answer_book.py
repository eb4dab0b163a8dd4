"""Answers: one statement for an id, the same bytes for the same statement, and nothing after its time."""

from dataclasses import replace

import pytest

from chain.statements import (
    ANSWER_DOMAIN,
    ANSWER_STATEMENT,
    VIOLATION_DOMAIN,
    VIOLATION_STATEMENT,
    AnswerStatement,
    ViolationStatement,
)
from enclave.answer_book import AnswerBook, Binding
from enclave.custody_limits import CustodyLimits
from enclave.errors import SignatureRefused
from sui.keys import Ed25519Key, verify_ed25519
from sui.types import Address

KEY = Ed25519Key.generate(b"s" * 32)
BINDING = Binding(b"c" * 32, Address(b"p" * 32), Address(b"k" * 32))


def statement(number=1, **changes):
    base = AnswerStatement(
        domain=ANSWER_DOMAIN,
        chain_id=BINDING.chain_id,
        package=BINDING.package,
        cluster=BINDING.cluster,
        enclave=Address(b"e" * 32),
        epoch=3,
        sequence=0,
        config_version=7,
        request_id=Address(bytes([number]) * 32),
        payload_hash=b"h" * 32,
        status=200,
        body_hash=b"b" * 32,
        executed_at=100,
        answer_until=1_000,
    )
    return replace(base, **changes)


@pytest.fixture
def book():
    return AnswerBook(BINDING, KEY.sign, CustodyLimits(answers=3, spent_ids=2))


def sign(book, wanted):
    answer, new = book.plan(wanted)
    if new:
        book.record(answer)
    return answer


def refused(code, book, wanted):
    with pytest.raises(SignatureRefused) as caught:
        book.plan(wanted)
    assert caught.value.code == code


def test_an_answer_is_signed_under_the_attested_key(book):
    answer = sign(book, statement())
    verify_ed25519(KEY.public, answer.signature, answer.encoded)
    assert ANSWER_STATEMENT.decode(answer.encoded) == replace(statement(), sequence=1)


def test_the_same_answer_again_gives_the_same_bytes(book):
    first = sign(book, statement())
    sign(book, statement(2))
    assert sign(book, statement()) == first
    assert sign(book, statement(sequence=99)) == first


def test_sequence_numbers_rise_by_one_and_a_plan_that_is_not_recorded_takes_none(book):
    book.plan(statement(9))
    assert [sign(book, statement(n)).statement.sequence for n in (1, 2, 3)] == [1, 2, 3]


@pytest.mark.parametrize(
    "change",
    [
        {"status": 404},
        {"body_hash": b"x" * 32},
        {"executed_at": 101},
        {"payload_hash": b"x" * 32},
        {"answer_until": 2_000},
        {"config_version": 8},
    ],
)
def test_another_answer_to_the_same_request_is_refused(book, change):
    sign(book, statement())
    refused("equivocation", book, statement(**change))


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": b"x" * 32},
        {"package": Address(b"x" * 32)},
        {"cluster": Address(b"x" * 32)},
        {"domain": b"k3s-daas::grant::v1"},
    ],
)
def test_answers_for_elsewhere_are_refused(book, change):
    refused("bad-request", book, statement(**change))


@pytest.mark.parametrize("change", [{"enclave": Address(b"x" * 32)}, {"epoch": 4}])
def test_enclave_and_epoch_are_fixed_by_the_first_answer(book, change):
    sign(book, statement())
    refused("bad-request", book, statement(2, **change))


def test_after_its_time_an_id_is_refused_for_good_and_its_entry_dropped(book):
    sign(book, statement())
    assert book.advance(1_000) == 0
    assert sign(book, statement()).statement.sequence == 1
    assert book.advance(1_001) == 1
    assert book.count == 0
    refused("too-late", book, statement())
    refused("too-late", book, statement(answer_until=5_000))
    assert book.advance(5) == 0
    refused("too-late", book, statement(2))


def test_the_memory_is_capped(book):
    for number in (1, 2, 3):
        sign(book, statement(number))
    refused("too-many", book, statement(4))
    book.advance(1_001)
    assert sign(book, statement(4, answer_until=3_000)).statement.sequence == 4


def test_an_answer_executed_after_its_last_moment_is_refused(book):
    refused("bad-request", book, statement(executed_at=1_001))


def violation(number=1, **changes):
    same = {
        name: value for name, value in vars(statement(number)).items() if name in ViolationStatement.__annotations__
    }
    return replace(ViolationStatement(**same | {"domain": VIOLATION_DOMAIN, "found_at": 100}), **changes)


def test_a_violation_is_signed_as_an_answer_is_and_has_its_place_in_the_same_sequence(book):
    first, found = sign(book, statement(1)), sign(book, violation(2))
    verify_ed25519(KEY.public, found.signature, VIOLATION_STATEMENT.encode(found.statement))
    assert (first.statement.sequence, found.statement.sequence) == (1, 2)
    assert sign(book, violation(2)) == found
    refused("equivocation", book, violation(2, found_at=101))


def test_no_request_has_both_an_answer_and_a_violation(book):
    sign(book, statement(1))
    refused("equivocation", book, violation(1))
    sign(book, violation(2))
    refused("equivocation", book, statement(2))


def test_a_violation_is_held_to_what_an_answer_is_held_to(book):
    refused("bad-request", book, violation(domain=ANSWER_DOMAIN))
    refused("bad-request", book, violation(found_at=1_001))
    refused("bad-request", book, violation(package=Address(b"x" * 32)))
    book.advance(1_001)
    refused("too-late", book, violation())
