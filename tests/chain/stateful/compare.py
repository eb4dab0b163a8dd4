"""The model beside the objects on the ledger: what holds now, what waits, and what is counted, has to be the same."""

from collections.abc import Iterable
from dataclasses import asdict

from .actors import Stage
from .model import Cluster, Deposit, Enclave, Request, Token


def assert_agrees(
    stage: Stage,
    clusters: Iterable[Cluster],
    tokens: Iterable[Token],
    enclaves: Iterable[Enclave],
    requests: Iterable[Request],
) -> None:
    """Assert that every object says what the model says of it."""
    for cluster in clusters:
        _cluster(stage, cluster)
    for token in tokens:
        _token(stage, token)
    for enclave in enclaves:
        found = stage.read(enclave.ref.object_id)
        said = (found.epoch, found.measurement, found.configuration, found.expires_at, found.revoked, found.convicted)
        known = (enclave.epoch, enclave.measurement, enclave.configuration, enclave.expires_at)
        assert said == (*known, enclave.revoked, enclave.convicted)
        assert (found.operator, found.cluster) == (enclave.operator.id, enclave.cluster.ref.object_id)
        assert found.public_key == enclave.key.public
    for request in requests:
        gone = stage.ledger.get_object(request.ref.object_id) is None
        assert gone == request.over, "a request ends exactly when it is answered, expired or a violation"


def _cluster(stage: Stage, known: Cluster) -> None:
    found = stage.read(known.ref.object_id)
    now = stage.now
    assert asdict(found.settings_at(now)) == known.settings
    assert {each.name: (each.value, each.due) for each in found.pending_settings if each.due > now} == known.pending
    assert asdict(found.delays) == known.delays
    assert found.config_version == known.config_version
    assert found.epoch == known.epoch
    assert found.active_enclave == (known.active.ref.object_id if known.active else None)
    assert found.code_at(now) == stage.code[known.version].package
    for entries, name, approved in (
        (found.approvals.measurements, "pcr0", known.measurements),
        (found.approvals.configurations, "hash", known.configurations),
    ):
        assert [(each.version, each.valid_from, each.retired_at) for each in entries] == [
            (each.version, each.valid_from, each.retired_at) for each in approved
        ], name
    _operators(found, known, now)


def _operators(found, known: Cluster, now: int) -> None:
    assert known.operator is not None
    assert found.operator_at(now) == known.operator.id
    successor = found.operators.successor
    waiting = (successor.operator, successor.due, successor.bond_due) if successor and successor.due > now else None
    assert waiting == ((known.successor[0].id, *known.successor[1:]) if known.successor else None)
    bonds = {bond.operator: bond.deposit for bond in found.operators.bonds}
    assert set(bonds) == set(known.bonds)
    for operator, deposit in bonds.items():
        settled = successor is None or successor.due > now or operator != found.operators.in_office
        _deposit(deposit, known.bonds[operator], settled=settled)


def _deposit(found, known: Deposit, *, settled: bool = True) -> None:
    assert found.balance == known.balance
    if settled:
        assert [(each.amount, each.due) for each in found.leaving] == known.leaving


def _token(stage: Stage, known: Token) -> None:
    found = stage.read(known.ref.object_id)
    now = stage.now
    assert found.rules_at(now) == known.rules
    waiting = found.pending_rules
    assert ((waiting.rules, waiting.due) if waiting and waiting.due > now else None) == known.pending
    assert (found.revision, found.revoked, found.version) == (known.revision, known.revoked, known.version)
    assert (found.usable_from, found.expires_at) == (known.usable_from, known.expires_at)
    _deposit(found.stake, known.stake)
