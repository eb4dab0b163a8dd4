"""What a transaction's inputs say of the requests it asks for.

Role: read the calls that submit requests, and `register`, back from a programmable transaction, as plain values. A call
of a batch reads as one `SubmitCall` for each request.

Rules: only what stands in inputs is read (through MakeMoveVec); what a Move function computed reads as None, and
differs from everything.

It judges nothing: `chain.checks` compares, `chain.requests` shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from chain.rules import Envelope, Rule
from sui.bcs import BOOL, BYTES, STRING, U64, vector
from sui.errors import BcsError
from sui.transaction import ImmOrOwned, Input, MakeMoveVec, MoveCall, NestedResult, Object, Pure, Result, Shared

if TYPE_CHECKING:
    from sui.bcs import Codec
    from sui.transaction import Argument, Command, ProgrammableTransaction
    from sui.types import Address

_T = TypeVar("_T")
_RULE_TEXTS = vector(vector(STRING))
_CHUNKS = vector(BYTES)
_STRINGS = vector(STRING)
_ARGUMENTS = {
    "submit": 14,
    "submit_with_receipt": 15,
    "submit_many": 14,
    "submit_with_grant": 19,
    "submit_many_with_grant": 19,
}
_MAX_BATCH = 256

SUBMITS = tuple(_ARGUMENTS)
"""The functions of `request` that submit something."""


@dataclass(frozen=True)
class SubmitCall:
    """One call's inputs; None where they are not plain inputs."""

    package: Address
    cluster: Address | None
    enclave: Address | None
    token: Address | None
    envelope: Envelope | None
    payload: tuple[bytes, ...] | None
    payload_hash: bytes | None
    payload_length: int | None
    deadline: int | None
    stream: bool | None
    session: bytes | None = b""
    grant_expires_at: int | None = 0
    narrowed: tuple[Rule, ...] | None = ()
    not_before: int | None = 0
    grant_signature: bytes | None = b""


def is_submit(command: Command) -> bool:
    """Whether a command is a call of `request` that submits something, of whatever package."""
    return isinstance(command, MoveCall) and command.module == "request" and command.function in _ARGUMENTS


def read_submits(program: ProgrammableTransaction, call: MoveCall) -> tuple[SubmitCall, ...]:
    """The inputs of one submit call, one for each request in the order in which they are made.

    Empty where the call has another number of arguments than the contract takes, or where the vectors of a batch are
    no plain inputs of one length.
    """
    inputs = _Inputs(program)
    given = call.arguments
    if len(given) != _ARGUMENTS.get(call.function):
        return ()
    granted = call.function.endswith("with_grant")
    asked = given[8 if granted else 3 :]
    once = SubmitCall(
        package=call.package,
        cluster=inputs.shared(given[0]),
        enclave=inputs.shared(given[1]),
        token=inputs.shared(given[2]),
        envelope=None,
        payload=None,
        payload_hash=None,
        payload_length=None,
        deadline=None,
        stream=None,
        session=inputs.pure(given[3], BYTES) if granted else b"",
        grant_expires_at=inputs.pure(given[5], U64) if granted else 0,
        narrowed=inputs.rules(given[6]) if granted else (),
        not_before=inputs.pure(given[4], U64) if granted else 0,
        grant_signature=inputs.pure(given[7], BYTES) if granted else b"",
    )
    if "many" in call.function:
        return _batch(inputs, once, asked)
    envelope = [inputs.pure(each, STRING) for each in asked[:5]]
    one = replace(
        once,
        envelope=Envelope(*envelope) if None not in envelope else None,  # type: ignore[arg-type]
        payload=inputs.chunks(asked[5]),
        payload_hash=inputs.pure(asked[6], BYTES),
        payload_length=inputs.pure(asked[7], U64),
        deadline=inputs.pure(asked[8], U64),
        stream=inputs.pure(asked[9], BOOL),
    )
    return (one,)


def _batch(inputs: _Inputs, once: SubmitCall, asked: tuple[Argument, ...]) -> tuple[SubmitCall, ...]:
    """The requests of a batch, from its vectors."""
    texts = [inputs.pure(each, _STRINGS) for each in asked[:5]]
    payloads = inputs.all_chunks(asked[5])
    hashes = inputs.pure(asked[6], vector(BYTES))
    lengths, deadlines = (inputs.pure(each, vector(U64)) for each in asked[7:9])
    streams = inputs.pure(asked[9], vector(BOOL))
    columns: list[Any] = [*texts, payloads, hashes, lengths, deadlines, streams]
    sizes = {-1 if column is None else len(column) for column in columns}
    if len(sizes) != 1 or not 0 < (size := sizes.pop()) <= _MAX_BATCH:
        return ()
    rows = [[column[at] for column in columns if column is not None] for at in range(size)]
    return tuple(
        replace(
            once,
            envelope=Envelope(*row[:5]),
            payload=row[5],
            payload_hash=row[6],
            payload_length=row[7],
            deadline=row[8],
            stream=row[9],
        )
        for row in rows
    )


@dataclass(frozen=True)
class RegisterCall:
    """The inputs of a registration."""

    challenge: Address
    document: bytes
    hpke_key: bytes
    tls_ca_hash: bytes
    configuration: bytes


def read_register(program: ProgrammableTransaction) -> RegisterCall | None:
    """The inputs of the one `enclave::register` of a transaction and of the verification before it."""
    calls = {
        (command.module, command.function): command for command in program.commands if isinstance(command, MoveCall)
    }
    register = calls.get(("enclave", "register"))
    loaded = calls.get(("nitro_attestation", "load_nitro_attestation"))
    if register is None or loaded is None or len(register.arguments) != 8 or len(loaded.arguments) != 2:
        return None
    inputs = _Inputs(program)
    document = inputs.pure(loaded.arguments[0], BYTES)
    challenge = inputs.owned(register.arguments[2])
    hpke_key, tls_ca_hash, configuration = (inputs.pure(each, BYTES) for each in register.arguments[4:7])
    if document is None or challenge is None or hpke_key is None or tls_ca_hash is None or configuration is None:
        return None
    return RegisterCall(challenge, document, hpke_key, tls_ca_hash, configuration)


class _Inputs:
    """Reads arguments back to plain values."""

    def __init__(self, program: ProgrammableTransaction) -> None:
        self._program = program

    def shared(self, argument: Argument) -> Address | None:
        value = self._value(argument)
        if isinstance(value, Object) and isinstance(value.arg, Shared):
            return value.arg.object_id
        return None

    def owned(self, argument: Argument) -> Address | None:
        value = self._value(argument)
        if isinstance(value, Object) and isinstance(value.arg, ImmOrOwned):
            return value.arg.ref.object_id
        return None

    def pure(self, argument: Argument, codec: Codec[_T]) -> _T | None:
        value = self._value(argument)
        if not isinstance(value, Pure):
            return None
        try:
            return codec.decode(value.value)
        except BcsError:
            return None

    def chunks(self, argument: Argument) -> tuple[bytes, ...] | None:
        command = self._command(argument)
        if isinstance(command, MakeMoveVec):
            parts = [self.pure(element, BYTES) for element in command.elements]
            return tuple(part for part in parts if part is not None) if None not in parts else None
        return self.pure(argument, _CHUNKS)

    def all_chunks(self, argument: Argument) -> tuple[tuple[bytes, ...] | None, ...] | None:
        command = self._command(argument)
        if isinstance(command, MakeMoveVec):
            return tuple(self.chunks(element) for element in command.elements)
        return self.pure(argument, vector(_CHUNKS))

    def rules(self, argument: Argument) -> tuple[Rule, ...] | None:
        texts = self.pure(argument, _RULE_TEXTS)
        if texts is None or any(len(text) < 5 for text in texts):
            return None
        return tuple(Rule(text[0], text[1], text[2], text[3], text[4:]) for text in texts)

    def _value(self, argument: Argument) -> object:
        if isinstance(argument, Input) and argument.index < len(self._program.inputs):
            return self._program.inputs[argument.index]
        return None

    def _command(self, argument: Argument) -> Command | None:
        if isinstance(argument, NestedResult) and argument.result_index != 0:
            return None
        if isinstance(argument, Result | NestedResult) and argument.index < len(self._program.commands):
            return self._program.commands[argument.index]
        return None
