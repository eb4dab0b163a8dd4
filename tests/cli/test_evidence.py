"""`evidence`: two answers that one key signed cost the operator his bond, once; anything less is refused before."""

import json
import time

import pytest

from chain.statements import ANSWER_DOMAIN, ANSWER_STATEMENT, AnswerStatement
from tests.cli import stand as s

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

REQUEST = s.Address.parse("0x77")


def answer(stand, *, status=200, body=b"\x01" * 32, executed_at=None, key=None):
    """One answer as the enclave's key signs it, in the form of the file."""
    file, now = stand.file, int(time.time() * 1000)
    statement = AnswerStatement(
        domain=ANSWER_DOMAIN,
        chain_id=bytes(file.chain_id),
        package=file.package,
        cluster=file.cluster,
        enclave=stand.enclave.object_id,
        epoch=1,
        sequence=1,
        config_version=2,
        request_id=REQUEST,
        payload_hash=b"\x02" * 32,
        status=status,
        body_hash=body,
        executed_at=now if executed_at is None else executed_at,
        answer_until=now + 60_000,
    )
    signature = (key or stand.enclave.key).sign(ANSWER_STATEMENT.encode(statement))
    names = ("epoch", "sequence", "config_version", "status", "executed_at", "answer_until")
    told = {name: getattr(statement, name) for name in names}
    told |= {"payload_hash": statement.payload_hash.hex(), "body_hash": statement.body_hash.hex()}
    return told | {"signature": signature.hex()}


def evidence(stand, first, second):
    enclave = str(stand.enclave.object_id)
    return {
        "cluster": str(stand.file.cluster),
        "enclave": enclave,
        "request_id": str(REQUEST),
        "answers": [first, second],
    }


@pytest.fixture
def written(tmp_path):
    """Writes evidence to a file."""

    def write(content):
        path = tmp_path / "evidence.json"
        path.write_text(json.dumps(content))
        return path

    return write


WRONG = {
    "the same answer twice": (lambda st: evidence(st, answer(st), answer(st)), "different"),
    "a stranger's signature": (
        lambda st: evidence(st, answer(st), answer(st, status=404, key=s.Ed25519Key.generate(b"s" * 32))),
        "second signature",
    ),
    "after the window": (
        lambda st: evidence(st, answer(st, executed_at=1), answer(st, executed_at=1, status=404)),
        "window",
    ),
    "another cluster": (
        lambda st: evidence(st, answer(st), answer(st, status=404)) | {"cluster": "0x1"},
        "about cluster",
    ),
    "one answer": (lambda st: evidence(st, answer(st), answer(st)) | {"answers": [answer(st)]}, "exactly two"),
    "a short hash": (
        lambda st: evidence(st, answer(st) | {"body_hash": "ab"}, answer(st, status=404)),
        "body_hash has 1 bytes",
    ),
    "a missing field": (lambda st: {"cluster": "0x1"}, "lacks"),
    "a status that does not fit": (
        lambda st: evidence(st, answer(st) | {"status": 70_000}, answer(st)),
        "status is no number",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_proves_nothing_is_refused_before_anything_is_sent(stand, written, name):
    make, why = WRONG[name]
    path = written(make(stand))
    bond = stand.json("cluster", "show")["bond"]
    assert why in stand.run("evidence", "submit", path, "--yes", code=1).stderr
    assert stand.run("evidence", "show", path, code=1).stderr
    assert stand.json("cluster", "show")["bond"] == bond


def test_a_file_that_is_not_there_is_wrong_usage(stand, tmp_path):
    stand.run("evidence", "submit", tmp_path / "none.json", "--yes", code=2)
    (tmp_path / "no.json").write_text("{")
    assert "is no evidence" in stand.run("evidence", "submit", tmp_path / "no.json", "--yes", code=1).stderr


def test_two_answers_cost_the_bond_once(own, written):
    path = written(evidence(own, answer(own), answer(own, status=404)))
    told = own.json("evidence", "show", path)
    assert told["ok"], told
    assert "ok" in own.run("evidence", "show", path).stdout
    assert own.json("evidence", "submit", path, "--dry-run")["dry_run"]
    assert "--yes" in own.run("evidence", "submit", path, code=1).stderr
    bond = own.json("cluster", "show")["bond"]
    assert bond == 1_000_000_000
    path = written(evidence(own, answer(own), answer(own, body=b"\x03" * 32)))
    told = own.json("evidence", "submit", path, "--sender", "poor", "--yes")
    assert told["slashed"] == bond
    assert told["reward"] == bond // 10
    assert told["digest"]
    assert told["request_id"] == str(REQUEST)
    assert own.json("cluster", "show")["bond"] == 0
    assert own.json("enclave", "list")[0]["state"] == "revoked"
    assert "convicted" in own.run("evidence", "submit", path, "--yes", code=1).stderr
