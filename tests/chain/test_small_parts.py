"""The table of own transactions, manifests, and the words of a failure."""

from dataclasses import replace

import pytest

from chain.errors import BadLedgerAnswerError, PayloadError
from chain.expected import ExpectedTransactions
from chain.limits import LIMITS
from chain.outcome import abort_of, decode_events
from chain.statements import MANIFEST, MANIFEST_DOMAIN, Manifest, decode_manifest
from sui.digests import transaction_digest
from sui.execution_status import Failed, Failure
from sui.types import Address, Digest
from tests.chain import world as w


def own(number):
    transaction, signature = w.submit_transaction([w.Asked(b"%d" % number)])
    return transaction_digest(transaction), transaction, signature


def test_the_oldest_expected_transaction_is_dropped_and_a_known_one_forgotten():
    table = ExpectedTransactions(replace(LIMITS, expected_transactions=2))
    first, second, third = (own(number) for number in range(3))
    for each in (first, second, third):
        assert table.add(*each).by_own_gateway
    assert len(table) == 2
    assert table.get(first[0]) is None
    assert table.get(third[0]).sender == w.OWNER.address
    table.forget(third[0])
    table.forget(third[0])
    assert table.get(third[0]) is None


MADE = Manifest(
    MANIFEST_DOMAIN,
    Address.parse("0x1"),
    b"k" * 32,
    b"h" * 1216,
    b"c" * 32,
    Address.parse("0x2"),
    Address.parse("0x3"),
    b"\0" * 32,
    b"f" * 32,
)


def test_a_manifest_comes_back_and_another_is_refused():
    assert decode_manifest(MANIFEST.encode(MADE)) == MADE
    assert replace(MADE, hpke_key=b"x").user_data != MADE.user_data
    for data in (b"", MANIFEST.encode(MADE)[:-1], MANIFEST.encode(replace(MADE, domain=b"k3s-daas::manifest::v2"))):
        with pytest.raises(PayloadError):
            decode_manifest(data)


def test_failures_without_an_abort_have_words_too():
    abort = abort_of(Failed(Failure("InsufficientGas"), 2))
    assert (abort.module, abort.code, abort.command) == (None, None, 2)
    assert "InsufficientGas" in abort.description


def test_unreadable_events_are_the_nodes_fault():
    assert decode_events(b"", Digest(bytes(32)), None) == ()
    with pytest.raises(BadLedgerAnswerError):
        decode_events(b"\xff", Digest(bytes(32)), None)
