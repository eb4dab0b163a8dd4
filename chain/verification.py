"""Prove one answer from chain and attestation alone.

Role: `k3s-daas verify`: every link from the user's intent to the signed answer, as named checks.

The checks, in order; each that needs what an earlier one could not give is "not reached":

 1. `chain`: the node serves the chain that the cluster file names.
 2. `request transaction`: bytes, digest, and the sender's signature.
 3. `request event`: in the events of its effects, of our package, its id derived, its fields those of the inputs.
 4. `grant`: where an enclave's gateway sent it: the token's owner signed the grant, for this enclave's address.
 5. `payload`: the payload in the event has the hash and the length that were signed.
 6. `answer transaction`: bytes, digest, and the enclave's signature.
 7. `answer event`: in the events of its effects; it answers this request, or tells of its violation, in time.
 8. `answer signature`: the enclave's key signed exactly this answer, or violation.
 9. `body`: the body in the event has the hash and the length that were signed.
10. `registration`: the transaction in which the contract took this enclave's key, and its event.
11. `attestation`: that transaction's document, at its checkpoint's time: AWS's (or the named simulation's) root, the
    approved PCRs, the challenge as nonce, the enclave's key, the manifest's hash.
12. `configuration`: the manifest's configuration hash is approved in the cluster file.
13. `activation`: the enclave was made the active one, in the epoch that the answer names, before it was asked.

What it does not prove until the light client stands: that the ledger executed these transactions (their outcome is the
node's word), and what time it was. SECURITY.md says what a lying node could do with that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from chain.bindings.events import EnclaveActivated, EnclaveRegistered, K8sAPIRequest, K8sViolationStored
from chain.bindings.objects import SEAL_TOKEN
from chain.calldata import RegisterCall, is_submit, read_register, read_submits
from chain.checks import CheckedTransaction, check_effects, check_origin, check_request, check_transaction
from chain.endings import acted_at, find_ending, is_signed
from chain.errors import ChainError, VerificationError
from chain.history import find_event
from chain.payload import chunks_hash
from chain.statements import (
    GRANT_DOMAIN,
    GRANT_STATEMENT,
    MANIFEST_DOMAIN,
    GrantStatement,
    Manifest,
    signature_holds,
)
from sui.errors import SuiError
from sui.keys import ed25519_address
from sui.transaction import MoveCall

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chain.cluster_file import ClusterFile
    from chain.endings import Ending
    from chain.ledger import ExecutedTransaction, Ledger, LedgerEvent
    from sui.types import Address

_CLOCK_SKEW_MS = 60_000


class VerifyDocument(Protocol):
    """Judges an attestation document; raises where it refuses. `attestation` gives it, which `chain` may not import."""

    def __call__(
        self, document: bytes, *, at_ms: int, nonce: bytes, user_data: bytes, public_key: bytes, cluster: ClusterFile
    ) -> str:
        """Verify the document and return one line that says what it is."""
        ...


@dataclass(frozen=True)
class Check:
    """One check and its outcome."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Verification:
    """All checks of one answer."""

    request_id: Address
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """As programs get it."""
        return {
            "request_id": str(self.request_id),
            "ok": self.ok,
            "checks": [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in self.checks],
        }


class _Case:
    """What was found on the way; a step that needs what is not there does not hold."""

    def __init__(self, ledger: Ledger, cluster: ClusterFile, request_id: Address) -> None:
        self.ledger = ledger
        self.cluster = cluster
        self.request_id = request_id
        self.packages = frozenset({cluster.package, cluster.call_package})
        self._found: dict[str, Any] = {}

    def keep(self, name: str, value: object) -> None:
        self._found[name] = value

    def need(self, name: str) -> Any:
        if name not in self._found:
            raise VerificationError("not reached", f"the {name} was not found or not proven")
        return self._found[name]

    async def fetch(self, raw: LedgerEvent) -> tuple[ExecutedTransaction, CheckedTransaction]:
        done = await self.ledger.get_transaction(raw.digest)
        return done, check_transaction(raw.digest, done.transaction, done.signatures)

    def check_event(self, raw: LedgerEvent, done: ExecutedTransaction, checked: CheckedTransaction) -> None:
        check_effects(done, raw)
        check_origin(checked, raw, original=self.cluster.package, packages=self.packages)


async def verify_answer(
    ledger: Ledger, cluster: ClusterFile, request_id: Address, verify_document: VerifyDocument
) -> Verification:
    """Run every check for one request.

    Args:
        ledger: the node; it is not believed.
        cluster: the cluster file; it is trusted.
        request_id: the request.
        verify_document: judges the attestation document.
    """
    case = _Case(ledger, cluster, request_id)

    async def _judge(the: _Case) -> str:
        return _attestation(the, verify_document)

    steps: tuple[tuple[str, Callable[[_Case], Awaitable[str]]], ...] = (
        ("chain", _chain),
        ("request transaction", _request_transaction),
        ("request event", _request_event),
        ("grant", _grant),
        ("payload", _payload),
        ("answer transaction", _answer_transaction),
        ("answer event", _answer_event),
        ("answer signature", _answer_signature),
        ("body", _body),
        ("registration", _registration),
        ("attestation", _judge),
        ("configuration", _configuration),
        ("activation", _activation),
    )
    checks: list[Check] = []
    for name, step in steps:
        try:
            checks.append(Check(name, ok=True, detail=await step(case)))
        except (ChainError, SuiError) as error:
            checks.append(Check(name, ok=False, detail=str(error)))
    return Verification(request_id, tuple(checks))


def _refuse(step: str, reason: str) -> VerificationError:
    return VerificationError(step, reason)


async def _chain(case: _Case) -> str:
    info = await case.ledger.service_info()
    if info.chain_id != case.cluster.chain_id:
        raise _refuse("chain", f"the node serves {info.chain_id}, the cluster file names {case.cluster.chain_id}")
    return f"chain {info.chain_id}, package {case.cluster.package}"


async def _request_transaction(case: _Case) -> str:
    raw, event = await find_event(
        case.ledger,
        case.cluster.package,
        "K8sAPIRequest",
        lambda found: isinstance(found, K8sAPIRequest) and found.request_id == case.request_id,
    )
    case.keep("claimed request", (raw, event))
    done, checked = await case.fetch(raw)
    case.keep("request transaction", (done, replace(checked, by_own_gateway=True)))
    return f"{raw.digest}, signed by {checked.sender}"


async def _request_event(case: _Case) -> str:
    raw, event = case.need("claimed request")
    request = cast("K8sAPIRequest", event)
    done, checked = case.need("request transaction")
    case.check_event(raw, done, checked)
    check_request(checked, raw, request, case.packages)
    if request.cluster != case.cluster.cluster:
        raise _refuse("request event", f"it is a request to another cluster, {request.cluster}")
    case.keep("request", request)
    return f"{request.verb} {request.resource or request.subresource} for token {request.token}"


async def _grant(case: _Case) -> str:
    request: K8sAPIRequest = case.need("request")
    _, checked = case.need("request transaction")
    if not request.session:
        if request.sender != request.owner:
            raise _refuse("grant", "the sender is not the token's owner, and there is no grant")
        return f"not needed: the owner {request.owner} sent it himself"
    token = await case.ledger.get_object(request.token)
    public_key = SEAL_TOKEN.decode(token.contents).public_key
    if ed25519_address(public_key) != request.owner:
        raise _refuse("grant", "the token's key is not that of the owner whom the event names")
    submits = [each for each in checked.program.commands if isinstance(each, MoveCall) and is_submit(each)]
    for call in [call for each in submits for call in read_submits(checked.program, each)]:
        if call.session != request.session or call.token != request.token:
            continue
        statement = GrantStatement(
            domain=GRANT_DOMAIN,
            chain_id=bytes(case.cluster.chain_id),
            package=case.cluster.package,
            cluster=request.cluster,
            token=request.token,
            delegate=request.sender,
            session=request.session,
            not_before=call.not_before or 0,
            expires_at=request.grant_expires_at,
            rules=request.narrowed,
        )
        if signature_holds(public_key, call.grant_signature or b"", GRANT_STATEMENT.encode(statement)):
            return f"signed by the owner {request.owner} for {request.sender}, until {request.grant_expires_at}"
    raise _refuse("grant", "the owner's signature over the grant does not hold")


async def _payload(case: _Case) -> str:
    request: K8sAPIRequest = case.need("request")
    if not request.payload:
        return f"{request.payload_length} sealed bytes beside the chain, hash {request.payload_hash.hex()}"
    if chunks_hash(request.payload) != request.payload_hash:
        raise _refuse("payload", "the payload in the event has another hash than the event names")
    if sum(map(len, request.payload)) != request.payload_length:
        raise _refuse("payload", "the payload in the event has another length than the event names")
    return f"{request.payload_length} sealed bytes, hash {request.payload_hash.hex()}"


async def _answer_transaction(case: _Case) -> str:
    raw, ending = await find_ending(case.ledger, case.cluster.package, case.request_id)
    case.keep("claimed answer", (raw, ending))
    done, checked = await case.fetch(raw)
    case.keep("answer transaction", (done, checked))
    return f"{raw.digest}, signed by {checked.sender}"


async def _answer_event(case: _Case) -> str:
    raw, event = case.need("claimed answer")
    answer = cast("Ending", event)
    done, checked = case.need("answer transaction")
    case.check_event(raw, done, checked)
    request: K8sAPIRequest = case.need("request")
    for name in ("cluster", "enclave", "epoch", "config_version", "payload_hash", "answer_until"):
        if getattr(answer, name) != getattr(request, name):
            raise _refuse("answer event", f"its {name} is not that of the request")
    if not request.asked_at - _CLOCK_SKEW_MS <= acted_at(answer) <= answer.stored_at + _CLOCK_SKEW_MS:
        raise _refuse("answer event", "it was executed before it was asked, or after it was stored")
    if answer.stored_at > answer.answer_until:
        raise _refuse("answer event", "it was stored after its time was over")
    case.keep("answer", answer)
    where = f"sequence {answer.sequence} of enclave {answer.enclave}"
    if isinstance(answer, K8sViolationStored):
        if request.session or request.sender != request.owner:
            raise _refuse("answer event", "a violation of a request that its owner did not send himself")
        return f"violation: {answer.lost} MIST of the stake were lost, {where}"
    return f"status {answer.status}, {where}"


async def _answer_signature(case: _Case) -> str:
    answer: Ending = case.need("answer")
    raw, event = await find_event(
        case.ledger,
        case.cluster.package,
        "EnclaveRegistered",
        lambda found: isinstance(found, EnclaveRegistered) and found.enclave == answer.enclave,
    )
    case.keep("claimed registration", (raw, event))
    key = cast("EnclaveRegistered", event).public_key
    if not is_signed(answer, key, chain_id=bytes(case.cluster.chain_id), package=case.cluster.package):
        raise _refuse("answer signature", "the key that the registration names did not sign this answer")
    _, checked = case.need("answer transaction")
    if ed25519_address(key) != checked.sender:
        raise _refuse("answer signature", "the answer was not sent by the enclave's own address")
    return f"Ed25519 key {key.hex()}"


async def _body(case: _Case) -> str:
    answer: Ending = case.need("answer")
    if isinstance(answer, K8sViolationStored):
        return "none: what was sealed is not what its envelope says, and was not carried out"
    if not answer.body:
        return f"{answer.body_length} sealed bytes beside the chain, hash {answer.body_hash.hex()}"
    if chunks_hash(answer.body) != answer.body_hash or sum(map(len, answer.body)) != answer.body_length:
        raise _refuse("body", "the body in the event is not the one that was signed")
    return f"{answer.body_length} sealed bytes, hash {answer.body_hash.hex()}"


async def _registration(case: _Case) -> str:
    raw, event = case.need("claimed registration")
    registered = cast("EnclaveRegistered", event)
    done, checked = await case.fetch(raw)
    case.check_event(raw, done, checked)
    call = read_register(checked.program)
    if call is None:
        raise _refuse("registration", f"transaction {raw.digest} is no registration")
    told = (call.challenge, call.hpke_key, call.tls_ca_hash)
    if told != (registered.challenge, registered.hpke_key, registered.tls_ca_hash):
        raise _refuse("registration", "the event says other keys than the transaction's inputs")
    if registered.cluster != case.cluster.cluster:
        raise _refuse("registration", "the enclave is registered for another cluster")
    case.keep("registration", (registered, call, done))
    return f"{raw.digest}, enclave {registered.enclave}, address {registered.address}"


def _registered(case: _Case) -> tuple[EnclaveRegistered, RegisterCall, ExecutedTransaction]:
    return cast("tuple[EnclaveRegistered, RegisterCall, ExecutedTransaction]", case.need("registration"))


def _attestation(case: _Case, verify_document: VerifyDocument) -> str:
    registered, call, done = cast(
        "tuple[EnclaveRegistered, RegisterCall, ExecutedTransaction]", case.need("registration")
    )
    if done.timestamp_ms is None:
        raise _refuse("attestation", "the node does not say when the registration's checkpoint was")
    if ed25519_address(registered.public_key) != registered.address:
        raise _refuse("attestation", "the enclave's address is not that of its key")
    manifest = Manifest(
        domain=MANIFEST_DOMAIN,
        address=registered.address,
        public_key=registered.public_key,
        hpke_key=registered.hpke_key,
        tls_ca_hash=registered.tls_ca_hash,
        cluster=registered.cluster,
        package=case.cluster.package,
        chain_id=bytes(case.cluster.chain_id),
        configuration=call.configuration,
    )
    return verify_document(
        call.document,
        at_ms=done.timestamp_ms,
        nonce=bytes(registered.challenge),
        user_data=manifest.user_data,
        public_key=registered.public_key,
        cluster=case.cluster,
    )


async def _configuration(case: _Case) -> str:
    _, call, done = _registered(case)
    for approved in case.cluster.configurations:
        if approved.hash == call.configuration:
            if not approved.in_force(done.timestamp_ms or 0):
                raise _refuse("configuration", "it was not approved when the enclave registered")
            return call.configuration.hex()
    raise _refuse("configuration", f"{call.configuration.hex()} is not in the cluster file")


async def _activation(case: _Case) -> str:
    answer: Ending = case.need("answer")
    request: K8sAPIRequest = case.need("request")
    registered, _, _ = _registered(case)
    raw, event = await find_event(
        case.ledger,
        case.cluster.package,
        "EnclaveActivated",
        lambda found: isinstance(found, EnclaveActivated) and found.enclave == answer.enclave,
    )
    activated = cast("EnclaveActivated", event)
    done, checked = await case.fetch(raw)
    case.check_event(raw, done, checked)
    if activated.epoch != answer.epoch or activated.public_key != registered.public_key:
        raise _refuse("activation", "the enclave was activated in another epoch, or under another key")
    if activated.activated_at > request.asked_at:
        raise _refuse("activation", "the enclave was activated after the request")
    return f"{raw.digest}, epoch {activated.epoch}"
