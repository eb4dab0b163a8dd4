"""`evidence`: two signed answers of one enclave key to one request, checked here and then reported to the contract.

Rules: everything that can be checked without the ledger's word is checked before anything is sent: two answers, that
they differ, and both signatures under the enclave's key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.bindings.events import EquivocationProven
from chain.bindings.objects import ENCLAVE
from chain.statements import ANSWER_DOMAIN, ANSWER_STATEMENT, AnswerStatement, signature_holds
from cli.cluster_state import read_cluster
from cli.context import Context, open_context, parse_id
from cli.errors import CommandError
from cli.output import clock, emit, json_option, print_table, run_async
from cli.transact import Act, act_options, event_of, run
from sui.builder import ProgrammableBuilder
from sui.errors import BcsError

if TYPE_CHECKING:
    from chain.bindings.cluster_object import Cluster
    from chain.bindings.objects import Enclave
    from sui.types import Address

_FILE_BYTES = 65_536
_HASH_BYTES = 32
_SIGNATURE_BYTES = 64
_U64 = 1 << 64
_U16 = 1 << 16
_FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))


@dataclass(frozen=True)
class SignedAnswer:
    """One answer as the enclave signed it; chain, package, cluster and enclave are added to it."""

    epoch: int
    sequence: int
    config_version: int
    payload_hash: bytes
    status: int
    body_hash: bytes
    executed_at: int
    answer_until: int
    signature: bytes


@dataclass(frozen=True)
class Evidence:
    """What a file says: two answers of one enclave to one request."""

    cluster: Address
    enclave: Address
    request_id: Address
    answers: tuple[SignedAnswer, SignedAnswer]


@click.group()
def group() -> None:
    """Evidence that an enclave's key signed two answers to one request; its operator loses his bond.

    FILE is JSON: {cluster, enclave, request_id, answers: [two of {epoch, sequence, config_version, payload_hash,
    status, body_hash, executed_at, answer_until, signature}]}, bytes in hex.

    Example: k3s-daas evidence submit two-answers.json
    """


def read_evidence(path: Path) -> Evidence:
    """Read evidence from a file.

    Raises:
        CommandError: it is none, and which part is wrong.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
        if len(data) > _FILE_BYTES:
            raise CommandError(f"{path} is longer than {_FILE_BYTES} bytes: it is no evidence of two answers")
        raw = json.loads(data)
        answers = [_answer(entry) for entry in raw["answers"]]
        if len(answers) != 2:
            raise CommandError(f"{path} holds {len(answers)} answers: evidence is exactly two")
        ids = [parse_id(str(raw[name])) for name in ("cluster", "enclave", "request_id")]
        return Evidence(ids[0], ids[1], ids[2], (answers[0], answers[1]))
    except KeyError as error:
        raise CommandError(f"{path} lacks {error}; `k3s-daas evidence --help` says what is wanted") from error
    except (OSError, ValueError, TypeError) as error:
        raise CommandError(f"{path} is no evidence ({error}); see `k3s-daas evidence --help`") from error


def _answer(entry: dict[str, Any]) -> SignedAnswer:
    return SignedAnswer(
        epoch=_number(entry, "epoch", _U64),
        sequence=_number(entry, "sequence", _U64),
        config_version=_number(entry, "config_version", _U64),
        payload_hash=_bytes(entry, "payload_hash", _HASH_BYTES),
        status=_number(entry, "status", _U16),
        body_hash=_bytes(entry, "body_hash", _HASH_BYTES),
        executed_at=_number(entry, "executed_at", _U64),
        answer_until=_number(entry, "answer_until", _U64),
        signature=_bytes(entry, "signature", _SIGNATURE_BYTES),
    )


def _number(entry: dict[str, Any], name: str, below: int) -> int:
    value = entry[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < below:
        raise ValueError(f"{name} is no number that fits")
    return value


def _bytes(entry: dict[str, Any], name: str, length: int) -> bytes:
    value = bytes.fromhex(str(entry[name]).removeprefix("0x"))
    if len(value) != length:
        raise ValueError(f"{name} has {len(value)} bytes, not {length}")
    return value


def statements_of(found: Evidence, cluster: Cluster) -> list[AnswerStatement]:
    """The statements that the two signatures are over, on the cluster's chain and in its package."""
    return [
        AnswerStatement(
            domain=ANSWER_DOMAIN,
            chain_id=cluster.chain_id,
            package=cluster.package,
            cluster=found.cluster,
            enclave=found.enclave,
            epoch=answer.epoch,
            sequence=answer.sequence,
            config_version=answer.config_version,
            request_id=found.request_id,
            payload_hash=answer.payload_hash,
            status=answer.status,
            body_hash=answer.body_hash,
            executed_at=answer.executed_at,
            answer_until=answer.answer_until,
        )
        for answer in found.answers
    ]


async def judge(context: Context, found: Evidence) -> tuple[list[AnswerStatement], list[dict[str, Any]]]:
    """Check evidence with the enclave's key: the statements, and each check with its outcome.

    Raises:
        CommandError: it is about another cluster, or what it names is no enclave.
    """
    if found.cluster != context.cluster:
        raise CommandError(f"this is evidence about cluster {found.cluster}; this home works with {context.cluster}")
    cluster, enclave = await read_cluster(context), await _enclave(context, found.enclave)
    statements = statements_of(found, cluster)
    first, second = found.answers
    differ = (first.status, first.body_hash) != (second.status, second.body_hash)
    held = [
        signature_holds(enclave.public_key, answer.signature, ANSWER_STATEMENT.encode(statement))
        for answer, statement in zip(found.answers, statements, strict=True)
    ]
    until = max(first.executed_at, second.executed_at) + cluster.delays.evidence_ms
    return statements, [
        _check("cluster", enclave.cluster == found.cluster, f"the enclave is of cluster {enclave.cluster}"),
        _check("different", differ, "status or body differ" if differ else "both answers say the same"),
        _check("first signature", held[0], f"key {enclave.public_key.hex()}"),
        _check("second signature", held[1], f"key {enclave.public_key.hex()}"),
        _check("window", await context.now() <= until, f"it may be reported until {clock(until)}"),
        _check("not before", not enclave.convicted, f"enclave convicted: {'yes' if enclave.convicted else 'no'}"),
    ]


def _check(name: str, ok: bool, detail: str) -> dict[str, Any]:  # noqa: FBT001 - a check's outcome
    return {"name": name, "ok": ok, "detail": detail}


async def _enclave(context: Context, enclave: Address) -> Enclave:
    try:
        return ENCLAVE.decode((await context.ledger.get_object(enclave)).contents)
    except BcsError as error:
        raise CommandError(f"{enclave} is no enclave; `k3s-daas enclave list` shows them") from error


@group.command()
@_FILE
@click.option("--sender", help="Who reports and gets the reward: an alias or address; the admin by default.")
@act_options
def submit(file: Path, sender: str | None, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Report the two answers in FILE: the operator's bond is taken, the reporter gets a small part of it.

    Example: k3s-daas evidence submit two-answers.json --yes
    """
    found = read_evidence(file)

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            statements, checks = await judge(context, found)
            for check in checks:
                if not check["ok"]:
                    raise CommandError(f"this proves nothing: {check['name']}: {check['detail']}; nothing was sent")
            account = context.payer(sender)
            builder = ProgrammableBuilder()
            signatures = [answer.signature for answer in found.answers]
            calls.report_equivocation(
                builder,
                context.contract,
                await account.shared(found.cluster),
                await account.shared(found.enclave),
                request_id=found.request_id,
                answers=list(zip(statements, signatures, strict=True)),
            )
            asks = f"Report enclave {found.enclave}? It ends, and its operator loses his whole bond."
            done = await run(context, account, builder, Act(as_json, dry_run, yes), asks=asks)
            if done is None:
                return None
            event = event_of(context, done, EquivocationProven)
            return {
                "digest": str(done.digest),
                "reward": event.reward,
                "slashed": event.slashed,
                "enclave": str(event.enclave),
                "operator": str(event.operator),
                "reporter": str(event.reporter),
                "request_id": str(event.request_id),
                "proven_at": event.proven_at,
                "gas": done.gas.net,
            }

    told = run_async(_work())
    if told is not None:
        emit(told, as_json=as_json)


@group.command()
@_FILE
@json_option
@click.pass_context
def show(click_context: click.Context, file: Path, *, as_json: bool) -> None:
    """Check the two answers in FILE without reporting them; exit 0 only if they would prove something.

    Example: k3s-daas evidence show two-answers.json
    """
    found = read_evidence(file)

    async def _work() -> list[dict[str, Any]]:
        async with open_context() as context:
            return (await judge(context, found))[1]

    checks = run_async(_work())
    ok = all(check["ok"] for check in checks)

    def human() -> None:
        rows = [("ok" if check["ok"] else "FAILED", check["name"], check["detail"]) for check in checks]
        print_table(("", "CHECK", "DETAIL"), rows, empty="nothing was checked")

    emit({"ok": ok, "request_id": str(found.request_id), "checks": checks}, as_json=as_json, human=human)
    if not ok:
        failed = next(check for check in checks if not check["ok"])
        click.echo(f"this proves nothing: {failed['name']}: {failed['detail']}", err=True)
        click_context.exit(1)
