"""The contract on the embedded ledger: accounts, transactions, and the objects that they made."""

import hashlib
from dataclasses import dataclass, field

from attestation import nsm
from attestation.sim import device, pki
from chain.bindings import calls, events, objects
from chain.bindings.abort import AbortReason, AbortTable
from chain.bindings.state import Delays, Penalties, Settings
from chain.payload import chunks_hash
from chain.rules import Envelope, Rule
from chain.statements import (
    ANSWER_DOMAIN,
    ANSWER_STATEMENT,
    GRANT_DOMAIN,
    GRANT_STATEMENT,
    MANIFEST_DOMAIN,
    AnswerStatement,
    GrantStatement,
    Manifest,
)
from localnet.ledger import ExecutedTransaction, Ledger
from sui.builder import ProgrammableBuilder, transaction_data
from sui.effects import IdCreated, IdDeleted, MoveAbort, Success
from sui.keys import Ed25519Key
from sui.object import MoveObject
from sui.transaction import GAS_COIN, TRANSACTION_DATA
from sui.type_tag import GAS_COIN_TYPE
from sui.types import Address, SharedOwner

START_MS = 1_766_000_000_000
BUDGET = 1_000_000_000
PCRS = tuple(hashlib.sha384(f"pcr{index}".encode()).digest() for index in range(3))
CONFIGURATION = hashlib.sha256(b"configuration").digest()
CA_HASH = hashlib.sha256(b"ca").digest()
HPKE_KEY = b"\x07" * 1_216
SETTINGS = Settings(
    min_stake=1_000_000,
    min_bond=5_000_000,
    max_deadline_ms=30_000,
    max_stream_ms=300_000,
    enclave_lifetime_ms=86_400_000,
    challenge_lifetime_ms=600_000,
    request_inline_bytes=112_000,
    response_inline_bytes=112_000,
    receipt_deposit=5_000_000,
)
DELAYS = Delays(1_000, 1_000, 1_000, 1_000, 5_000, 4_000, 1_000, 20_000)
PENALTIES = Penalties(violation_bps=1_000, reporter_bps=1_000)
RULES = (
    Rule("", "pods", "", "default", ("get", "list", "create")),
    Rule("", "pods", "*", "default", ("get", "create")),
    Rule("", "", "/metrics*", "", ("get",)),
)
GET_PODS = Envelope("get", "", "pods", "", "default")
CREATE_PODS = Envelope("create", "", "pods", "", "default")


def key(name: str) -> Ed25519Key:
    return Ed25519Key.generate(hashlib.sha256(name.encode()).digest())


@dataclass
class ContractWorld:
    """One ledger with the published contract; `now` is its time."""

    ledger: Ledger
    words: AbortTable
    root: pki.Authority
    now: list[int]
    admin: Ed25519Key = field(default_factory=lambda: key("admin"))
    operator: Ed25519Key = field(default_factory=lambda: key("operator"))
    owner: Ed25519Key = field(default_factory=lambda: key("owner"))
    enclave_key: Ed25519Key = field(default_factory=lambda: key("enclave"))
    contract: calls.Contract = field(init=False)
    cluster: calls.SharedRef = field(init=False)
    enclave: calls.SharedRef = field(init=False)
    token: calls.SharedRef = field(init=False)

    # Transactions

    def run(self, builder: ProgrammableBuilder, sender: Ed25519Key) -> ExecutedTransaction:
        """Execute and let its checkpoint be sealed."""
        coins = self.ledger.owned_objects(sender.address, object_type=GAS_COIN_TYPE, limit=1).items
        if not coins:
            self.ledger.faucet(sender.address, [100_000_000_000])
            coins = self.ledger.owned_objects(sender.address, object_type=GAS_COIN_TYPE, limit=1).items
        price = self.ledger.epoch_info().reference_gas_price
        data = transaction_data(
            builder.finish(), sender=sender.address, payment=[coins[0].ref], price=price, budget=BUDGET
        )
        encoded = TRANSACTION_DATA.encode(data)
        return self.ledger.execute(encoded, [sender.sign_transaction(encoded)])

    def do(self, builder: ProgrammableBuilder, sender: Ed25519Key) -> ExecutedTransaction:
        """Execute what has to succeed."""
        done = self.run(builder, sender)
        assert isinstance(done.effects.status, Success), self.why(done)
        return done

    def why(self, done: ExecutedTransaction) -> AbortReason | object:
        """Why a transaction failed, in the contract's words where it was the contract."""
        error = getattr(done.effects.status, "error", None)
        if isinstance(error, MoveAbort):
            return self.words.reason(error.location.module.name, error.code) or error
        return error

    def reason(self, builder: ProgrammableBuilder, sender: Ed25519Key) -> str:
        """The name of the contract's error with which this is denied; nothing but gas may have changed."""
        done = self.run(builder, sender)
        reason = self.why(done)
        assert isinstance(reason, AbortReason), reason
        assert done.events == ()
        assert not created(done)
        return f"{reason.module}::{reason.name}"

    def events(self, done: ExecutedTransaction) -> list[events.ContractEvent]:
        return [events.decode_event(self.contract.original, each.type, each.contents) for each in done.events]

    def read(self, object_id: Address) -> object:
        record = self.ledger.get_object(object_id)
        assert record is not None
        return objects.decode_object(self.contract.original, record.object.data.tag, record.object.data.contents)

    def find(self, done: ExecutedTransaction, name: str) -> Address:
        """The one object of this name that a transaction created."""
        found = [each for each in created(done) if self.type_name(each) == name]
        assert len(found) == 1, name
        return found[0]

    def type_name(self, object_id: Address) -> str:
        record = self.ledger.get_object(object_id)
        if record is None:
            return "deleted"
        return record.object.data.tag.name if isinstance(record.object.data, MoveObject) else "package"

    def shared(self, object_id: Address) -> calls.SharedRef:
        record = self.ledger.get_object(object_id)
        assert record is not None
        assert isinstance(record.object.owner, SharedOwner)
        return calls.SharedRef(object_id, record.object.owner.initial_shared_version)

    def owned(self, owner: Ed25519Key, module: str, name: str):
        kind = objects.object_type(self.contract.original, module, name)
        found = self.ledger.owned_objects(owner.address, object_type=kind, limit=2).items
        assert len(found) == 1
        return found[0].ref

    def pass_ms(self, ms: int) -> None:
        self.now[0] += ms

    # The way of a cluster

    def publish(self, modules: list[bytes], dependencies: list[Address]) -> ExecutedTransaction:
        builder = ProgrammableBuilder()
        cap = builder.publish(modules, dependencies)
        builder.transfer_objects([cap], builder.pure(bytes(self.admin.address)))
        done = self.do(builder, self.admin)
        package = next(each for each in created(done) if self.type_name(each) == "package")
        self.contract = calls.Contract.first(package)
        return done

    def create(self) -> ExecutedTransaction:
        """Everything of a new cluster in one transaction."""
        builder = ProgrammableBuilder()
        made = calls.create_cluster(
            builder,
            self.contract,
            chain_id=bytes(self.ledger.chain_id),
            settings=SETTINGS,
            delays=DELAYS,
            delay_maxima=DELAYS,
            penalties=PENALTIES,
        )
        calls.add_measurement(builder, self.contract, made.cluster, made.admin, PCRS)
        calls.add_configuration(builder, self.contract, made.cluster, made.admin, CONFIGURATION)
        calls.issue_token(
            builder,
            self.contract,
            made.cluster,
            made.admin,
            owner=self.owner.address,
            public_key=self.owner.public,
            rules=RULES,
            stake=SETTINGS.min_stake,
            expires_at=self.now[0] + 3_600_000,
            note="first",
        )
        calls.share(builder, self.contract, made.cluster)
        builder.transfer_objects([made.admin], builder.pure(bytes(self.admin.address)))
        builder.transfer_objects([made.operator], builder.pure(bytes(self.operator.address)))
        done = self.do(builder, self.admin)
        self.cluster = self.shared(self.find(done, "Cluster"))
        self.token = self.shared(self.find(done, "SealToken"))
        return done

    def bond(self) -> ExecutedTransaction:
        builder = ProgrammableBuilder()
        coin = builder.split_coins(GAS_COIN, [builder.pure(SETTINGS.min_bond.to_bytes(8, "little"))])[0]
        calls.add_bond(builder, self.contract, self.cluster, self.operator_cap, coin)
        return self.do(builder, self.operator)

    @property
    def operator_cap(self):
        return self.owned(self.operator, "cluster", "OperatorCap")

    @property
    def admin_cap(self):
        return self.owned(self.admin, "cluster", "AdminCap")

    def challenge(self) -> ExecutedTransaction:
        builder = ProgrammableBuilder()
        calls.new_challenge(builder, self.contract, self.cluster, self.operator_cap)
        return self.do(builder, self.operator)

    def manifest(self) -> Manifest:
        return Manifest(
            domain=MANIFEST_DOMAIN,
            address=self.enclave_key.address,
            public_key=self.enclave_key.public,
            hpke_key=HPKE_KEY,
            tls_ca_hash=CA_HASH,
            cluster=self.cluster.object_id,
            package=self.contract.original,
            chain_id=bytes(self.ledger.chain_id),
            configuration=CONFIGURATION,
        )

    def document(self, nonce: bytes, *, debug: bool = False) -> bytes:
        """A fresh document of the simulated device."""
        simulated = device.SimulatedNsm(
            self.root,
            device.Measured(*PCRS),
            lambda: self.now[0],
            bytes,
            debug=debug,
        )
        return nsm.NsmClient(_Device(simulated)).attest(
            user_data=self.manifest().user_data, nonce=nonce, public_key=self.enclave_key.public
        )

    def registration(self, document: bytes | None = None) -> ProgrammableBuilder:
        challenge = self.owned(self.operator, "enclave", "Challenge")
        builder = ProgrammableBuilder()
        calls.register(
            builder,
            self.contract,
            self.cluster,
            self.operator_cap,
            challenge,
            document=self.document(bytes(challenge.object_id)) if document is None else document,
            hpke_key=HPKE_KEY,
            tls_ca_hash=CA_HASH,
            configuration_hash=CONFIGURATION,
        )
        return builder

    def register(self) -> ExecutedTransaction:
        done = self.do(self.registration(), self.operator)
        self.enclave = self.shared(self.find(done, "Enclave"))
        return done

    def activate(self) -> ExecutedTransaction:
        builder = ProgrammableBuilder()
        calls.activate(builder, self.contract, self.cluster, self.operator_cap, self.enclave)
        return self.do(builder, self.operator)

    # The way of a request

    def ask(self, envelope: Envelope, sealed: bytes = b"sealed", *, wait_ms: int = 10_000, stream: bool = False):
        return calls.submission(
            envelope, sealed, deadline=self.now[0] + wait_ms, inline_bytes=SETTINGS.request_inline_bytes, stream=stream
        )

    def submission(self, *asked: calls.Submission) -> ProgrammableBuilder:
        builder = ProgrammableBuilder()
        for each in asked:
            calls.submit(
                builder, self.contract, cluster=self.cluster, enclave=self.enclave, token=self.token, asked=each
            )
        return builder

    def grant(self, rules: tuple[Rule, ...] = (), signer: Ed25519Key | None = None) -> calls.SignedGrant:
        statement = GrantStatement(
            domain=GRANT_DOMAIN,
            chain_id=bytes(self.ledger.chain_id),
            package=self.contract.original,
            cluster=self.cluster.object_id,
            token=self.token.object_id,
            delegate=self.enclave_key.address,
            session=hashlib.sha256(b"secret").digest(),
            not_before=self.now[0] - 1_000,
            expires_at=self.now[0] + 600_000,
            rules=rules,
        )
        signature = (signer or self.owner).sign(GRANT_STATEMENT.encode(statement))
        return calls.SignedGrant(statement.session, statement.not_before, statement.expires_at, rules, signature)

    def granted(self, grant: calls.SignedGrant, asked: calls.Submission) -> ProgrammableBuilder:
        builder = ProgrammableBuilder()
        calls.submit_with_grant(
            builder,
            self.contract,
            cluster=self.cluster,
            enclave=self.enclave,
            token=self.token,
            grant=grant,
            asked=asked,
        )
        return builder

    def answer(
        self,
        request_id: Address,
        body: bytes = b"sealed answer",
        *,
        status: int = 200,
        sequence: int = 1,
        signer: Ed25519Key | None = None,
    ) -> calls.Answer:
        found = self.read(request_id)
        assert isinstance(found, objects.Request)
        request = found.terms
        body_hash = chunks_hash(tuple(body[at : at + 16_000] for at in range(0, len(body), 16_000)))
        statement = AnswerStatement(
            domain=ANSWER_DOMAIN,
            chain_id=bytes(self.ledger.chain_id),
            package=self.contract.original,
            cluster=request.cluster,
            enclave=request.enclave,
            epoch=request.epoch,
            sequence=sequence,
            config_version=request.config_version,
            request_id=request_id,
            payload_hash=request.payload_hash,
            status=status,
            body_hash=body_hash,
            executed_at=self.now[0],
            answer_until=request.answer_until,
        )
        signature = (signer or self.enclave_key).sign(ANSWER_STATEMENT.encode(statement))
        return calls.Answer(
            self.shared(request_id), sequence, status, body, body_hash, len(body), self.now[0], signature
        )

    def storing(self, *answers: calls.Answer) -> ProgrammableBuilder:
        builder = ProgrammableBuilder()
        if len(answers) == 1:
            calls.store_k8s_response(builder, self.contract, self.cluster, self.enclave, answers[0])
        else:
            calls.store_k8s_responses(builder, self.contract, self.cluster, self.enclave, answers)
        return builder


class _Device:
    """The simulated device without a socket between."""

    def __init__(self, simulated: device.SimulatedNsm) -> None:
        self._simulated = simulated

    def exchange(self, request: bytes) -> bytes:
        return self._simulated.handle(request)


def created(done: ExecutedTransaction) -> list[Address]:
    """What a transaction created."""
    return [change.object_id for change in done.effects.changed_objects if isinstance(change.id_operation, IdCreated)]


def deleted(done: ExecutedTransaction) -> list[Address]:
    """What a transaction deleted."""
    return [change.object_id for change in done.effects.changed_objects if isinstance(change.id_operation, IdDeleted)]
