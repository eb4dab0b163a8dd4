"""What can be checked about an event before a light client stands.

Role: the numbered steps between "a node says so" and "we act on it", as pure functions over bytes.

Rules, in this order; each raises UnauthenticError naming the step:

1. `digest`: the transaction's bytes have the digest that the event names.
2. `signature`: the sender signed these bytes.
3. `effects`: where the node gave effects and events, they name this transaction, succeeded, and hold this event.
4. `package`: the event's type is of our original package; a command of the transaction calls the module it comes from,
   in a version of our package that is known (`chain.packages`).
5. `request id`: the id is derived from the digest, at the place of its own call.
6. `inputs`: what the event says of a request (cluster, enclave, token, envelope, payload, deadline, grant) is what the
   call's inputs say.
7. `token`: a token's event names a token that the call uses, or that the transaction created.

What no step can check: that the ledger executed the transaction at all, and with this outcome; and what stands in no
input (an issued token's AdminCap, stake, times). That gap is in SECURITY.md, and its tests are strict xfails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.calldata import is_submit, read_submits
from chain.errors import UnauthenticError
from chain.payload import chunks_hash
from chain.rules import Envelope
from sui.digests import derive_object_id, events_digest, transaction_digest
from sui.effects import Success
from sui.errors import BcsError, SuiError
from sui.keys import verify_user_signature
from sui.transaction import (
    TRANSACTION_DATA,
    MakeMoveVec,
    MoveCall,
    Object,
    ProgrammableTransaction,
    Shared,
)

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from chain.bindings.events import K8sAPIRequest, SealTokenChanged
    from chain.calldata import SubmitCall
    from chain.ledger import ExecutedTransaction, LedgerEvent
    from sui.transaction import Command, TransactionData
    from sui.types import Address, Digest

_MAX_CREATED = 64


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


def check_request(
    transaction: CheckedTransaction, event: LedgerEvent, request: K8sAPIRequest, packages: AbstractSet[Address]
) -> None:
    """Steps 5 and 6, and that a grant is only used by our own gateway.

    Args:
        transaction: the checked transaction.
        event: what came from the node.
        request: the same, decoded.
        packages: ids of the package versions that may be called.

    Raises:
        UnauthenticError: a step does not hold.
    """
    commands = transaction.program.commands
    asked = [
        call
        for command in commands
        if isinstance(command, MoveCall) and command.package in packages and is_submit(command)
        for call in read_submits(transaction.program, command)
    ]
    if all(_emits_nothing_else(command, packages) for command in commands):
        # (5) Nothing else makes ids or events here: the place of the event is the place of what was asked.
        if event.index >= len(asked) or request.request_id != derive_object_id(event.digest, event.index):
            raise UnauthenticError("request id", f"{request.request_id} is not derived from {event.digest}")
        asked = [asked[event.index]]
    elif request.request_id not in {derive_object_id(event.digest, place) for place in range(_MAX_CREATED)}:
        raise UnauthenticError("request id", f"{request.request_id} is not derived from {event.digest}")
    # (6) inputs
    if chunks_hash(request.payload) != request.payload_hash and request.payload:
        raise UnauthenticError("inputs", "the event's payload has another hash than it says")
    differences = [_difference(call, request) for call in asked]
    if not differences or all(differences):
        raise UnauthenticError("inputs", f"the event's {differences[0] if differences else 'call'} is not the call's")
    if request.sender != transaction.sender:
        raise UnauthenticError("inputs", "the event names another sender than its transaction")
    if not request.session and request.owner != transaction.sender:
        raise UnauthenticError("inputs", "a request without a grant is not its owner's own")
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


def _emits_nothing_else(command: Command, packages: AbstractSet[Address]) -> bool:
    if isinstance(command, MakeMoveVec):
        return True
    return isinstance(command, MoveCall) and command.package in packages and is_submit(command)


def _difference(call: SubmitCall, request: K8sAPIRequest) -> str | None:
    """The first thing in which the event differs from what was asked, None where there is none."""
    said = Envelope(request.verb, request.group, request.resource, request.subresource, request.namespace)
    pairs: tuple[tuple[str, object, object], ...] = (
        ("cluster", call.cluster, request.cluster),
        ("enclave", call.enclave, request.enclave),
        ("token", call.token, request.token),
        ("envelope", call.envelope, said),
        ("payload", call.payload, request.payload),
        ("payload hash", call.payload_hash, request.payload_hash),
        ("payload length", call.payload_length, request.payload_length),
        ("deadline", call.deadline, request.deadline),
        ("stream flag", call.stream, request.stream),
        ("session", call.session, request.session),
        ("grant expiry", call.grant_expires_at, request.grant_expires_at),
        ("narrowed rules", call.narrowed, request.narrowed),
    )
    return next((name for name, asked, seen in pairs if asked != seen), None)
