"""A small world: a contract's package, an enclave, an owner, and requests as they stand on chain."""

import random
from dataclasses import dataclass, replace

from chain.bindings import events as ev
from chain.memory_ledger import MemoryLedger, Verdict
from chain.payload import chunk, chunks_hash
from chain.rules import Envelope, Rule
from chain.statements import ANSWER_STATEMENT, VIOLATION_STATEMENT, answer_of, violation_of
from sui import bcs
from sui.builder import ProgrammableBuilder, transaction_data
from sui.digests import derive_object_id
from sui.effects import Event
from sui.keys import Ed25519Key
from sui.transaction import TRANSACTION_DATA, MoveCall, Shared
from sui.type_tag import PrimitiveTag, StructTag, VectorTag
from sui.types import Address, Digest, ObjectRef

PACKAGE = Address.parse("0xda45")
CLUSTER = Address.parse("0xc1")
ENCLAVE = Address.parse("0xe1")
TOKEN = Address.parse("0x70")
CHAIN_ID = bytes(range(32))
NOW = 1_800_000_000_000
OWNER = Ed25519Key.generate(b"o" * 32)
GATEWAY = Ed25519Key.generate(b"g" * 32)
STRANGER = Ed25519Key.generate(b"s" * 32)
GET_PODS = Envelope("get", "", "pods", "", "default")
RULES = (Rule("", "pods", "", "default", ("get", "list")),)
BYTES_TAG = VectorTag(PrimitiveTag("u8"))


def event(name, value, *, sender, module="request", package=PACKAGE):
    """An event of the contract as effects hold it."""
    return Event(package, module, sender, StructTag(PACKAGE, "events", name), ev.EVENTS[name].encode(value))


@dataclass
class Asked:
    """One call of submit or submit_with_grant."""

    payload: bytes = b"sealed"
    envelope: Envelope = GET_PODS
    deadline: int = NOW + 30_000
    session: bytes = b""
    narrowed: tuple = ()
    token: Address = TOKEN


def submit_transaction(asked, *, key=OWNER, extra=None):
    """A signed transaction that asks for all of these, and its signature."""
    builder = ProgrammableBuilder()
    for one in asked:
        chunks = [builder.pure_value(bcs.BYTES, part) for part in chunk(one.payload)]
        shared = [builder.obj(Shared(i, 1, mutable=False)) for i in (CLUSTER, ENCLAVE, one.token)]
        rules = tuple((r.group, r.resource, r.subresource, r.namespace, *r.verbs) for r in one.narrowed)
        granted = []
        if one.session:
            narrowed = builder.pure_value(bcs.vector(bcs.vector(bcs.STRING)), rules)
            granted = [
                builder.pure_value(bcs.BYTES, one.session),
                builder.pure_value(bcs.U64, NOW - 1000),
                builder.pure_value(bcs.U64, NOW + 60_000),
                narrowed,
                builder.pure_value(bcs.BYTES, b"x" * 64),
            ]
        e = one.envelope
        texts = [builder.pure_value(bcs.STRING, t) for t in (e.verb, e.group, e.resource, e.subresource, e.namespace)]
        vec = builder.make_move_vec(chunks, BYTES_TAG)
        builder.move_call(
            PACKAGE,
            "request",
            "submit_with_grant" if one.session else "submit",
            [
                *shared,
                *granted,
                *texts,
                vec,
                builder.pure_value(bcs.BYTES, chunks_hash(chunk(one.payload))),
                builder.pure_value(bcs.U64, len(one.payload)),
                builder.pure_value(bcs.U64, one.deadline),
                builder.pure_value(bcs.BOOL, False),
                builder.obj(Shared(Address.parse("0x6"), 1, mutable=False)),
            ],
        )
    if extra:
        extra(builder)
    return sign(builder.finish(), key)


def sign(kind, key):
    """Sign a program with a coin that need not exist."""
    coin = ObjectRef(Address.parse("0xc0"), 1, Digest(bytes(32)))
    data = TRANSACTION_DATA.encode(
        transaction_data(kind, sender=key.address, payment=[coin], price=1000, budget=10_000_000)
    )
    return data, key.sign_transaction(data)


def decide(data, digest):
    """The contract in small: a K8sAPIRequest for each submit, a token's state for each announce, an answer as told."""
    events = []
    created = 0
    kind = data.kind
    for command in kind.commands:
        if not isinstance(command, MoveCall) or command.package != PACKAGE:
            continue
        arguments = command.arguments
        if command.function in {"submit", "submit_with_grant"}:
            request = read_submit(kind, command, data.sender, derive_object_id(digest, created))
            created += 1
            if request.verb == "deny":
                return Verdict(abort=(PACKAGE, "seal_token", "assert_allows", 7))
            events.append(event("K8sAPIRequest", request, sender=data.sender))
        elif command.function == "announce_token":
            token = kind.inputs[arguments[0].index].arg.object_id
            events.append(event("SealTokenChanged", token_state(token), sender=data.sender, module="seal_token"))
        elif command.function == "store_k8s_response":
            stored = ev.EVENTS["K8sResponseStored"].decode(bcs.BYTES.decode(kind.inputs[arguments[0].index].value))
            events.append(event("K8sResponseStored", stored, sender=data.sender))
    return Verdict(tuple(events))


def read_submit(kind, command, sender, request_id):
    """What the contract would emit for one submit call."""

    def pure(argument, codec):
        return codec.decode(kind.inputs[argument.index].value)

    given = command.arguments
    granted = command.function == "submit_with_grant"
    at = 8 if granted else 3
    chunks = tuple(pure(part, bcs.BYTES) for part in kind.commands[given[at + 5].index].elements)
    narrowed = ()
    if granted:
        texts = pure(given[6], bcs.vector(bcs.vector(bcs.STRING)))
        narrowed = tuple(Rule(*text[:4], text[4:]) for text in texts)
    deadline = pure(given[at + 8], bcs.U64)
    return ev.K8sAPIRequest(
        request_id=request_id,
        cluster=kind.inputs[given[0].index].arg.object_id,
        enclave=kind.inputs[given[1].index].arg.object_id,
        epoch=1,
        config_version=1,
        token=kind.inputs[given[2].index].arg.object_id,
        owner=OWNER.address,
        sender=sender,
        session=pure(given[3], bcs.BYTES) if granted else b"",
        grant_expires_at=pure(given[5], bcs.U64) if granted else 0,
        narrowed=narrowed,
        verb=pure(given[at], bcs.STRING),
        group=pure(given[at + 1], bcs.STRING),
        resource=pure(given[at + 2], bcs.STRING),
        subresource=pure(given[at + 3], bcs.STRING),
        namespace=pure(given[at + 4], bcs.STRING),
        payload=chunks,
        payload_hash=chunks_hash(chunks),
        payload_length=sum(map(len, chunks)),
        asked_at=NOW,
        deadline=deadline,
        answer_until=deadline + 60_000,
        stream=False,
    )


def token_state(token=TOKEN, **changes):
    """A token's announced state."""
    state = ev.SealTokenChanged(
        token=token,
        version=1,
        revision=1,
        cluster=CLUSTER,
        owner=OWNER.address,
        public_key=OWNER.public,
        rules=RULES,
        pending_rules=(),
        pending_from=0,
        stake=5,
        usable_from=NOW,
        expires_at=NOW + 10**9,
        revoked=False,
        note="",
    )
    return replace(state, **changes)


def stored_answer(request, *, key=GATEWAY, status=200, body=b"answer"):
    """A signed answer as the contract emits it."""
    chunks = chunk(body)
    unsigned = ev.K8sResponseStored(
        request_id=request.request_id,
        cluster=request.cluster,
        enclave=request.enclave,
        epoch=request.epoch,
        sequence=1,
        config_version=request.config_version,
        payload_hash=request.payload_hash,
        status=status,
        body=chunks,
        body_hash=chunks_hash(chunks),
        body_length=len(body),
        executed_at=NOW + 10,
        answer_until=request.answer_until,
        stored_at=NOW + 20,
        signature=b"",
    )
    statement = answer_of(unsigned, chain_id=CHAIN_ID, package=PACKAGE)
    return replace(unsigned, signature=key.sign(ANSWER_STATEMENT.encode(statement)))


def stored_violation(request, *, key=GATEWAY, lost=700):
    """A signed violation as the contract emits it."""
    unsigned = ev.K8sViolationStored(
        request_id=request.request_id,
        cluster=request.cluster,
        enclave=request.enclave,
        epoch=request.epoch,
        sequence=1,
        config_version=request.config_version,
        token=request.token,
        payload_hash=request.payload_hash,
        found_at=NOW + 10,
        answer_until=request.answer_until,
        stored_at=NOW + 20,
        lost=lost,
        signature=b"",
    )
    statement = violation_of(unsigned, chain_id=CHAIN_ID, package=PACKAGE)
    return replace(unsigned, signature=key.sign(VIOLATION_STATEMENT.encode(statement)))


def simple_transaction(module, function, arguments, key=OWNER):
    """A signed transaction with one call; `arguments` take the builder and give its arguments."""
    builder = ProgrammableBuilder()
    builder.move_call(PACKAGE, module, function, arguments(builder))
    return sign(builder.finish(), key)


def announce_transaction(token=TOKEN, key=STRANGER):
    """Anyone announces a token."""
    return simple_transaction("seal_token", "announce_token", lambda b: [b.obj(Shared(token, 1, mutable=False))], key)


def answer_transaction(stored, key=GATEWAY):
    """The enclave stores an answer (its event's bytes stand in for the arguments)."""
    raw = ev.EVENTS["K8sResponseStored"].encode(stored)
    return simple_transaction("answer", "store_k8s_response", lambda b: [b.pure_value(bcs.BYTES, raw)], key)


def new_ledger(seed=0):
    """A ledger that runs `decide`."""
    return MemoryLedger(decide, rng=random.Random(seed), now_ms=lambda: NOW, chain_id=CHAIN_ID)
