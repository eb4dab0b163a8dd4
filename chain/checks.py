"""What can be checked about an event before a light client stands.

Role: the numbered steps between "a node says so" and "we act on it", as pure functions over bytes.

Rules, in this order; each raises UnauthenticError naming the step:

1. `digest`: the transaction's bytes have the digest that the event names.
2. `signature`: the sender signed these bytes.
3. `effects`: where the node gave effects and events, they name this transaction, succeeded, and hold this event.
4. `package`: the event's type is of our original package; a command of the transaction calls the module it comes from.
5. `request id`: the id is derived from the digest, at the place of its own call.
6. `inputs`: what the event says of a request (cluster, enclave, token, envelope, payload, deadline, grant) is what the
   call's inputs say.
7. `token`: a token's event names a token that the call uses, or that the transaction created.

What no step can check: that the ledger executed the transaction at all, and with this outcome; and what stands in no
input (an issued token's AdminCap, stake, times). That gap is in SECURITY.md, and its tests are strict xfails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from chain.errors import UnauthenticError
from chain.payload import chunks_hash
from chain.rules import Rule
from sui.bcs import BOOL, BYTES, STRING, U64, vector
from sui.digests import derive_object_id, events_digest, transaction_digest
from sui.effects import Success
from sui.errors import BcsError, SuiError
from sui.keys import verify_user_signature
from sui.transaction import (
    TRANSACTION_DATA,
    Input,
    MakeMoveVec,
    MoveCall,
    NestedResult,
    Object,
    ProgrammableTransaction,
    Pure,
    Result,
    Shared,
)

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from chain.bindings.events import K8sAPIRequest, SealTokenChanged
    from chain.ledger import ExecutedTransaction, LedgerEvent
    from sui.bcs import Codec
    from sui.transaction import Argument, Command, TransactionData
    from sui.types import Address, Digest

_T = TypeVar("_T")
_MAX_CREATED = 64
_SUBMIT_PLACES = ("verb", "group", "resource", "subresource", "namespace")
_VERBS = vector(STRING)


@dataclass(frozen=True)
class CheckedTransaction:
    """A transaction whose bytes, digest and sender's signature were checked (steps 1 and 2)."""

    digest: Digest
    data: TransactionData
    program: ProgrammableTransaction
    by_own_gateway: bool = False

    @property
    def sender(self) -> Address:
        """Who signed it."""
        return self.data.sender


def check_transaction(
    digest: Digest, transaction: bytes, signatures: tuple[bytes, ...], *, by_own_gateway: bool = False
) -> CheckedTransaction:
    """Steps 1 and 2.

    Raises:
        UnauthenticError: a step does not hold.
    """
    # (1) digest
    if transaction_digest(transaction) != digest:
        raise UnauthenticError("digest", f"the bytes given for transaction {digest} are of another one")
    try:
        data = TRANSACTION_DATA.decode(transaction)
    except BcsError as error:
        raise UnauthenticError("digest", f"transaction {digest} cannot be read: {error}") from error
    if not isinstance(data.kind, ProgrammableTransaction):
        raise UnauthenticError("digest", f"transaction {digest} is not a programmable one")
    # (2) signature
    for signature in signatures:
        try:
            if verify_user_signature(signature, transaction) == data.sender:
                return CheckedTransaction(digest, data, data.kind, by_own_gateway)
        except SuiError:
            continue
    raise UnauthenticError("signature", f"transaction {digest} carries no valid Ed25519 signature of its sender")


def check_effects(executed: ExecutedTransaction, event: LedgerEvent) -> None:
    """Step 3.

    Raises:
        UnauthenticError: it does not hold.
    """
    effects = executed.effects
    if effects.transaction_digest != event.digest:
        raise UnauthenticError("effects", "the effects are of another transaction")
    if not isinstance(effects.status, Success):
        raise UnauthenticError("effects", f"transaction {event.digest} failed, a failed one emits no event")
    if effects.events_digest is None or events_digest(executed.events_bytes) != effects.events_digest:
        raise UnauthenticError("effects", f"the events given for {event.digest} are not those of its effects")
    if event.index >= len(executed.events):
        raise UnauthenticError("effects", f"transaction {event.digest} emitted no event {event.index}")
    real = executed.events[event.index]
    same = (real.package, real.module, real.sender, real.type, real.contents)
    if same != (event.package, event.module, event.sender, event.type, event.contents):
        raise UnauthenticError("effects", f"event {event.index} of {event.digest} was altered on the way")


def check_origin(
    transaction: CheckedTransaction, event: LedgerEvent, *, original: Address, packages: AbstractSet[Address]
) -> None:
    """Step 4.

    Args:
        transaction: the checked transaction.
        event: what came from the node.
        original: our package's original id.
        packages: ids of the package versions that may be called.

    Raises:
        UnauthenticError: it does not hold.
    """
    if event.type.address != original or event.type.module != "events" or event.type.type_params:
        raise UnauthenticError("package", f"{event.type} is no event of package {original}")
    if event.sender != transaction.sender:
        raise UnauthenticError("package", "the event names another sender than its transaction")
    for command in transaction.program.commands:
        if isinstance(command, MoveCall) and command.package in packages and command.module == event.module:
            return
    raise UnauthenticError("package", f"transaction {event.digest} does not call {event.module} of our package")


def check_request(transaction: CheckedTransaction, event: LedgerEvent, request: K8sAPIRequest) -> None:
    """Steps 5 and 6, and that a grant is only used by our own gateway.

    Raises:
        UnauthenticError: a step does not hold.
    """
    commands = transaction.program.commands
    calls = [
        command
        for command in commands
        if isinstance(command, MoveCall)
        and command.package == event.package
        and command.module == "request"
        and command.function in {"submit", "submit_with_grant"}
    ]
    if all(_emits_nothing_else(command, event.package) for command in commands):
        # (5) Nothing else makes ids or events here: the place of the event is the place of its call.
        if event.index >= len(calls) or request.request_id != derive_object_id(event.digest, event.index):
            raise UnauthenticError("request id", f"{request.request_id} is not derived from {event.digest}")
        calls = [calls[event.index]]
    elif request.request_id not in {derive_object_id(event.digest, place) for place in range(_MAX_CREATED)}:
        raise UnauthenticError("request id", f"{request.request_id} is not derived from {event.digest}")
    # (6) inputs
    if chunks_hash(request.payload) != request.payload_hash and request.payload:
        raise UnauthenticError("inputs", "the event's payload has another hash than it says")
    reader = _Inputs(transaction.program)
    differences = [_difference(reader, call, request) for call in calls]
    if not differences or all(differences):
        raise UnauthenticError("inputs", f"the event's {differences[0] if differences else 'call'} is not the call's")
    if request.sender != transaction.sender:
        raise UnauthenticError("inputs", "the event names another sender than its transaction")
    if request.session and not transaction.by_own_gateway:
        raise UnauthenticError("own gateway", "a request under a grant was not built by this enclave's gateway")


def check_token(transaction: CheckedTransaction, event: LedgerEvent, token: SealTokenChanged) -> None:
    """Step 7.

    Raises:
        UnauthenticError: it does not hold.
    """
    used = {each.arg.object_id for each in transaction.program.inputs if _is_shared(each)}  # type: ignore[union-attr]
    created = {derive_object_id(event.digest, place) for place in range(_MAX_CREATED)}
    if token.token not in used | created:
        raise UnauthenticError("token", f"transaction {event.digest} neither uses nor creates token {token.token}")


def _is_shared(value: object) -> bool:
    return isinstance(value, Object) and isinstance(value.arg, Shared)


def _emits_nothing_else(command: Command, package: Address) -> bool:
    if isinstance(command, MakeMoveVec):
        return True
    return (
        isinstance(command, MoveCall)
        and command.package == package
        and (command.module, command.function)
        in {("request", "submit"), ("request", "submit_with_grant"), ("rules", "new_rule")}
    )


class _Inputs:
    """Reads a call's arguments back to plain values; what a Move function computed reads as None."""

    def __init__(self, program: ProgrammableTransaction) -> None:
        self._program = program

    def shared(self, argument: Argument) -> Address | None:
        value = self._value(argument)
        if isinstance(value, Object) and isinstance(value.arg, Shared):
            return value.arg.object_id
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
        return self.pure(argument, vector(BYTES))

    def rules(self, argument: Argument) -> tuple[Rule, ...] | None:
        command = self._command(argument)
        if not isinstance(command, MakeMoveVec):
            return None
        found: list[Rule] = []
        for element in command.elements:
            call = self._command(element)
            if not isinstance(call, MoveCall) or call.function != "new_rule" or len(call.arguments) != 5:
                return None
            group, resource, sub, namespace = (self.pure(each, STRING) for each in call.arguments[:4])
            verbs = self.pure(call.arguments[4], _VERBS)
            if group is None or resource is None or sub is None or namespace is None or verbs is None:
                return None
            found.append(Rule(group, resource, sub, namespace, verbs))
        return tuple(found)

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


def _difference(inputs: _Inputs, call: MoveCall, request: K8sAPIRequest) -> str | None:
    """The first thing in which the event differs from this call, None where there is none."""
    granted = call.function == "submit_with_grant"
    at = 8 if granted else 3
    given = call.arguments
    if len(given) not in {at + 11, at + 12}:
        return "argument count"
    wanted: list[tuple[str, Any, Any]] = [
        ("cluster", inputs.shared(given[0]), request.cluster),
        ("enclave", inputs.shared(given[1]), request.enclave),
        ("token", inputs.shared(given[2]), request.token),
    ]
    wanted += [
        (name, inputs.pure(given[at + place], STRING), getattr(request, name))
        for place, name in enumerate(_SUBMIT_PLACES)
    ]
    wanted += [
        ("payload", inputs.chunks(given[at + 5]), request.payload),
        ("payload hash", inputs.pure(given[at + 6], BYTES), request.payload_hash),
        ("payload length", inputs.pure(given[at + 7], U64), request.payload_length),
        ("deadline", inputs.pure(given[at + 8], U64), request.deadline),
        ("stream flag", inputs.pure(given[at + 9], BOOL), request.stream),
    ]
    if granted:
        wanted += [
            ("session", inputs.pure(given[3], BYTES), request.session),
            ("grant expiry", inputs.pure(given[5], U64), request.grant_expires_at),
            ("narrowed rules", inputs.rules(given[6]), tuple(request.narrowed)),
        ]
    elif request.session or request.narrowed:
        return "session"
    return next((name for name, said, seen in wanted if said != seen), None)
