"""The contract's two ways to submit, on the ledger in memory, and a signer with real keys and a few coins."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

from chain.bindings.abort import AbortTable
from chain.bindings.events import EVENTS, ClusterChanged, EnclaveActivated, K8sAPIRequest, K8sResponseStored
from chain.bindings.state import ClusterState, Delays, Penalties, Settings
from chain.clock import LedgerClock
from chain.ledger import LedgerObject
from chain.memory_ledger import MemoryLedger, Verdict
from chain.payload import sealed_hash
from chain.tokens import SealToken, TokenRegistry
from gateway.answers import AnswerDesk
from gateway.chain_submitter import ChainSubmitter, Parts
from gateway.errors import GasError
from gateway.limits import Limits
from gateway.ports import SignedTransaction, TransactionSigner
from gateway.view import ClusterView
from sui.bcs import BOOL, BYTES, STRING, U64, vector
from sui.builder import transaction_data
from sui.digests import derive_object_id, transaction_digest
from sui.effects import Event
from sui.keys import Ed25519Key
from sui.transaction import TRANSACTION_DATA, TRANSACTION_KIND, MakeMoveVec, MoveCall
from sui.type_tag import StructTag
from sui.types import Address, Digest, ObjectRef, SharedOwner
from tests.gateway.world import CHAIN_ID, CLUSTER, ENCLAVE, NOW_MS, PACKAGE, Owner

KEY = Ed25519Key.generate(b"\x21" * 32)
TABLE = AbortTable(
    {
        "seal_token": (b"ERevoked", b"the token is revoked"),
        "cluster": (b"EWrongVersion", b"the cluster works with another version of this package"),
        "request": (b"EDeadlineTooFar", b"the deadline is too far", b"EDeadlinePassed", b"the deadline has passed"),
    }
)
CODE = 1 << 63 | 7 << 32 | 0 << 16 | 1
LATE = 1 << 63 | 7 << 32 | 2 << 16 | 3

STATE = ClusterState(
    cluster=CLUSTER,
    version=1,
    code=PACKAGE,
    pending_version=None,
    chain_id=CHAIN_ID,
    package=PACKAGE,
    settings=Settings(1, 1, 60_000, 600_000, 1, 1, 8192, 8192, 1),
    delays=Delays(*[0] * 8),
    pending_settings=(),
    delay_maxima=Delays(*[0] * 8),
    penalties=Penalties(1_000, 1_000),
    measurements=(),
    configurations=(),
    active_enclave=ENCLAVE,
    epoch=1,
    config_version=3,
    operator=CLUSTER,
    successor=None,
    bond=5,
)
ACTIVATED = EnclaveActivated(
    enclave=ENCLAVE,
    epoch=1,
    address=KEY.address,
    public_key=KEY.public,
    hpke_key=b"",
    tls_ca_hash=b"",
    expires_at=NOW_MS * 2,
    activated_at=NOW_MS,
    state=STATE,
)
CHANGED = ClusterChanged(change="created", state=STATE)


@dataclass
class Coins(TransactionSigner):
    """A signer with `free` coins."""

    free: int = 4
    leases: dict[int, ObjectRef] = field(default_factory=dict)
    settled: list[tuple[int, ObjectRef | None]] = field(default_factory=list)
    most: int = 0
    balances: list[int | None] = field(default_factory=list)
    names: itertools.count = field(default_factory=itertools.count)

    async def sign(self, kind, *, gas_budget, gas_price):
        if len(self.leases) >= self.free:
            raise GasError("no free coin")
        lease = next(self.names)
        coin = ObjectRef(Address(lease.to_bytes(32, "big")), 1, Digest(b"\x05" * 32))
        self.leases[lease] = coin
        self.most = max(self.most, len(self.leases))
        data = transaction_data(
            TRANSACTION_KIND.decode(kind), sender=KEY.address, payment=[coin], price=gas_price, budget=gas_budget
        )
        encoded = TRANSACTION_DATA.encode(data)
        return SignedTransaction(encoded, KEY.sign_transaction(encoded), transaction_digest(encoded), lease, 50_000_000)

    async def settle(self, lease, coin, balance=None):
        del self.leases[lease]
        self.settled.append((lease, coin))
        self.balances.append(balance)


class Contract:
    """What is decided here: yes, or the abort that a test set for a resource."""

    def __init__(self) -> None:
        self.aborts: dict[str, tuple[str, int]] = {}
        self.package = PACKAGE
        self.transactions: list[int] = []
        self.order: list[bytes] = []

    def decide(self, data, digest) -> Verdict:
        program = data.kind
        names = {"submit", "submit_with_grant"}
        calls = [c for c in program.commands if isinstance(c, MoveCall) and c.function in names]
        self.transactions.append(len(calls))
        events = []
        for number, call in enumerate(calls):
            granted = call.function == "submit_with_grant"
            asked = call.arguments[8 if granted else 3 :]

            def read(place, codec, arguments=call.arguments, asked=asked):
                argument = arguments[place] if place < 8 else asked[place - 8]
                return codec.decode(program.inputs[argument.index].value)

            resource = read(10, STRING)
            if resource in self.aborts:
                module, code = self.aborts[resource]
                return Verdict(abort=(self.package, module, "check", code))
            payload = asked[5]
            command = program.commands[payload.index] if type(payload).__name__ == "Result" else None
            if isinstance(command, MakeMoveVec):
                chunks = tuple(BYTES.decode(program.inputs[e.index].value) for e in command.elements)
            else:
                chunks = read(13, vector(BYTES))
            event = K8sAPIRequest(
                request_id=derive_object_id(digest, number),
                cluster=CLUSTER,
                enclave=ENCLAVE,
                epoch=1,
                config_version=3,
                token=program.inputs[call.arguments[2].index].arg.object_id,
                owner=KEY.address,
                sender=data.sender,
                session=read(3, BYTES) if granted else b"",
                grant_expires_at=read(5, U64) if granted else 0,
                narrowed=(),
                verb=read(8, STRING),
                group=read(9, STRING),
                resource=resource,
                subresource=read(11, STRING),
                namespace=read(12, STRING),
                payload=tuple(chunks),
                payload_hash=read(14, BYTES),
                payload_length=read(15, U64),
                asked_at=NOW_MS,
                deadline=read(16, U64),
                answer_until=read(16, U64) + 30_000,
                stream=read(17, BOOL),
            )
            self.order.append(event.payload_hash)
            kind = StructTag(PACKAGE, "events", "K8sAPIRequest")
            contents = EVENTS["K8sAPIRequest"].encode(event)
            events.append(Event(PACKAGE, "request", data.sender, kind, contents))
        return Verdict(tuple(events))


class ChainWorld:
    """A `ChainSubmitter` over the ledger in memory."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.contract = Contract()
        self.ledger = MemoryLedger(self.contract.decide, rng=random.Random(1), now_ms=lambda: NOW_MS)
        self.coins = Coins()
        self.expected: list[tuple[SignedTransaction, tuple[bytes, ...]]] = []
        self.registry = TokenRegistry(CLUSTER)
        self.view = ClusterView(CHAIN_ID, PACKAGE, CLUSTER, KEY.address, KEY.public, b"", self.registry)
        self.desk = AnswerDesk(4)
        self.time_s = 0.0
        clock = LedgerClock(lambda: self.time_s)
        clock.observe(NOW_MS)
        self.share(CLUSTER)
        self.share(ENCLAVE)
        self.submitter = ChainSubmitter(
            Parts(
                self.ledger,
                self.coins,
                self.expect,
                self.view,
                self.desk,
                clock,
                TABLE,
                lambda: self.time_s,
                self.sleep,
            ),
            limits or Limits(),
        )

    async def sleep(self, seconds: float) -> None:
        self.time_s += seconds

    async def expect(self, signed, payloads) -> None:
        assert signed.digest not in self.ledger.transactions
        self.expected.append((signed, payloads))

    def share(self, object_id: Address) -> None:
        ref = ObjectRef(object_id, 9, Digest(b"\x01" * 32))
        self.ledger.objects[object_id] = LedgerObject(ref, SharedOwner(7), None, b"")

    def own(self, owner: Owner) -> Owner:
        self.share(owner.state.token)
        return owner


def stored(request_id: Address, payload_hash: bytes, body: bytes = b"") -> K8sResponseStored:
    return K8sResponseStored(
        request_id=request_id,
        cluster=CLUSTER,
        enclave=ENCLAVE,
        epoch=1,
        sequence=1,
        config_version=3,
        payload_hash=payload_hash,
        status=200,
        body=(body,) if body else (),
        body_hash=sealed_hash(body),
        body_length=len(body),
        executed_at=NOW_MS,
        answer_until=NOW_MS,
        stored_at=NOW_MS,
        signature=b"",
    )


def token_of(owner: Owner) -> SealToken:
    return SealToken(
        owner.state.token, CLUSTER, owner.state.owner, owner.state.public_key, owner.state.rules, 0, 0, 2**60, False
    )
