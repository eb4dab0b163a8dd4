"""The stage: one ledger with the contract in two versions, the people on it, and what their transactions come to."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from attestation import nsm
from attestation.sim import device, pki
from chain.bindings import calls, objects
from chain.bindings.abort import AbortReason, AbortTable, abort_table
from chain.statements import MANIFEST_DOMAIN, Manifest
from localnet.ledger import ExecutedTransaction, Ledger, RejectedTransaction
from sui.builder import ProgrammableBuilder, transaction_data
from sui.digests import upgrade_digest
from sui.effects import IdCreated, MoveAbort, ObjectWrite, PackageWrite, Success
from sui.keys import Ed25519Key
from sui.object import MoveObject
from sui.transaction import TRANSACTION_DATA
from sui.type_tag import GAS_COIN_TYPE, MOVE_STDLIB, SUI_FRAMEWORK
from sui.types import Address, ObjectRef, SharedOwner
from tests.chain import contract_world
from tests.chain.contract_world import BUDGET, CA_HASH, CONFIGURATION, HPKE_KEY, PCRS, START_MS
from tests.localnet.vm.toolchain import ROOT, build, read_sources

from .books import SUPPLY_MIST, Books
from .model import Lock

PACKAGE = ROOT / "move" / "k3s_daas"
FRAMEWORK = (MOVE_STDLIB, SUI_FRAMEWORK)
FUNDS_MIST = 10**15
UPGRADE_DELAY_MS = 1_000
PEOPLE = ("admin", "admin2", "operator", "operator2", "operator3", "owner", "owner2", "stranger", "keeper")
ENCLAVES = tuple(f"enclave{number}" for number in range(1, 10))


@cache
def key(name: str) -> Ed25519Key:
    """Somebody's key: one object for each name."""
    return contract_world.key(name)


def edited(*edits: tuple[str, str, str]) -> list[bytes]:
    """The contract compiled with places of its sources changed: (file, old text, new text)."""
    files = {"Move.toml": (PACKAGE / "Move.toml").read_text()}
    files |= {f"sources/{name}": text for name, text in read_sources(PACKAGE / "sources").items()}
    for name, old, new in edits:
        assert files[f"sources/{name}"].count(old) == 1, f"{name} does not have this once: {old}"
        files[f"sources/{name}"] = files[f"sources/{name}"].replace(old, new)
    return build(files)


def second_version(*edits: tuple[str, str, str]) -> list[bytes]:
    """The contract as its version 2."""
    return edited(("version.move", "const VERSION: u64 = 1;", "const VERSION: u64 = 2;"), *edits)


@dataclass(frozen=True)
class Outcome:
    """What came of a transaction: `refused` names why it changed nothing."""

    done: ExecutedTransaction | None
    refused: str | None


@dataclass
class Stage:
    """One ledger, its time, and the contract's package in versions 1 and 2."""

    framework: Path
    first: list[bytes]
    second: list[bytes]
    now: int = START_MS
    code: dict[int, calls.Contract] = field(default_factory=dict)
    devices: dict[tuple[bytes, bool], device.SimulatedNsm] = field(default_factory=dict)
    document_ms: int = 0

    def __post_init__(self) -> None:
        self.root = pki.make_root(START_MS)
        self.ledger = Ledger(
            ":memory:",
            seed=7,
            finality_ms=0,
            clock=lambda: self.now,
            trust_roots=[self.root.der],
            framework=self.framework,
        )
        self.words: AbortTable = abort_table(self.first)
        for name in (*PEOPLE, *ENCLAVES):
            self.ledger.faucet(key(name).address, [FUNDS_MIST])
        self._publish()

    def _publish(self) -> None:
        """Version 1, its lock, and version 2 through the lock."""
        admin = key("admin")
        builder = ProgrammableBuilder()
        cap = builder.publish(self.first, FRAMEWORK)
        builder.transfer_objects([cap], builder.pure(bytes(admin.address)))
        done = self.do(builder, admin)
        package = self.package(done)
        self.books = Books(self.ledger, package)
        self.code[1] = calls.Contract.first(package)
        builder = ProgrammableBuilder()
        upgrade_cap = self.current(self.made(done, "UpgradeCap")[0])
        calls.lock_upgrades(builder, self.code[1], upgrade_cap, delay_ms=UPGRADE_DELAY_MS, right_to=admin.address)
        done = self.do(builder, admin)
        lock = self.shared(self.made(done, "UpgradeLock")[0])
        self.lock = Lock(lock, self.made(done, "UpgradeRight")[0], admin, UPGRADE_DELAY_MS)
        builder = ProgrammableBuilder()
        digest = bytes(upgrade_digest(self.second, FRAMEWORK))
        calls.announce_upgrade(builder, self.code[1], lock, self.current(self.lock.right), digest)
        self.do(builder, admin)
        self.now += UPGRADE_DELAY_MS
        builder = ProgrammableBuilder()
        right = self.current(self.lock.right)
        calls.upgrade(builder, self.code[1], lock, right, modules=self.second, dependencies=FRAMEWORK)
        self.code[2] = calls.Contract(self.package(self.do(builder, admin)), package)

    # Transactions

    def send(self, builder: ProgrammableBuilder, who: Ed25519Key) -> Outcome:
        """Execute; a refusal has the contract's name for it, or one that begins with `ledger`."""
        coin = self.ledger.owned_objects(who.address, object_type=GAS_COIN_TYPE, limit=1).items[0]
        price = self.ledger.epoch_info().reference_gas_price
        data = transaction_data(builder.finish(), sender=who.address, payment=[coin.ref], price=price, budget=BUDGET)
        encoded = TRANSACTION_DATA.encode(data)
        try:
            done = self.ledger.execute(encoded, [who.sign_transaction(encoded)])
        except RejectedTransaction as rejected:
            return Outcome(None, f"ledger::{type(rejected).__name__}")
        return Outcome(done, self.why(done))

    def do(self, builder: ProgrammableBuilder, who: Ed25519Key) -> ExecutedTransaction:
        """Execute what has to succeed."""
        outcome = self.send(builder, who)
        assert outcome.done is not None, outcome.refused
        assert outcome.refused is None, outcome.refused
        return outcome.done

    def why(self, done: ExecutedTransaction) -> str | None:
        """Why a transaction failed, None where it did not."""
        if isinstance(done.effects.status, Success):
            return None
        error = done.effects.status.error
        if not isinstance(error, MoveAbort):
            return f"ledger::{getattr(error, 'name', type(error).__name__)}"
        place = error.location.module
        reason = self.words.reason(place.name, error.code)
        ours = place.address in {contract.package for contract in self.code.values()}
        return f"{reason.module}::{reason.name}" if ours and isinstance(reason, AbortReason) else f"sui::{place.name}"

    # Objects

    def made(self, done: ExecutedTransaction, name: str) -> list[Address]:
        """The objects of this name that a transaction created, in the order of their creation where it can be told."""
        found = []
        for change in done.effects.changed_objects:
            if isinstance(change.id_operation, IdCreated) and isinstance(change.output_state, ObjectWrite):
                record = self.ledger.get_object(change.object_id)
                assert record is not None
                if isinstance(record.object.data, MoveObject) and record.object.data.tag.name == name:
                    found.append(change.object_id)
        return found

    def package(self, done: ExecutedTransaction) -> Address:
        """The package that a transaction stored."""
        changes = done.effects.changed_objects
        return next(change.object_id for change in changes if isinstance(change.output_state, PackageWrite))

    def current(self, object_id: Address) -> ObjectRef:
        """An object as a transaction names it now; as it was last, where it is gone."""
        record = self.ledger.get_object(object_id) or self.ledger._store.last_version(object_id)
        assert record is not None
        return record.ref

    def shared(self, object_id: Address) -> calls.SharedRef:
        """A shared object as transactions name it."""
        record = self.ledger.get_object(object_id)
        assert record is not None
        assert isinstance(record.object.owner, SharedOwner)
        return calls.SharedRef(object_id, record.object.owner.initial_shared_version)

    def read(self, object_id: Address):
        """An object of the contract, decoded; None where it is gone."""
        record = self.ledger.get_object(object_id)
        if record is None:
            return None
        data = record.object.data
        return objects.decode_object(self.code[1].original, data.tag, data.contents)

    # Documents

    def manifest(self, enclave: Ed25519Key, cluster: Address, configuration: bytes = CONFIGURATION) -> Manifest:
        """What an enclave of this key says of itself."""
        return Manifest(
            domain=MANIFEST_DOMAIN,
            address=enclave.address,
            public_key=enclave.public,
            hpke_key=HPKE_KEY,
            tls_ca_hash=CA_HASH,
            cluster=cluster,
            package=self.code[1].original,
            chain_id=bytes(self.ledger.chain_id),
            configuration=configuration,
        )

    def document(
        self,
        manifest: Manifest,
        nonce: bytes,
        *,
        pcrs: tuple[bytes, bytes, bytes] = PCRS,
        at_ms: int | None = None,
        debug: bool = False,
    ) -> bytes:
        """An attestation document of the simulated device, for the manifest's key."""
        self.document_ms = self.now if at_ms is None else at_ms
        simulated = self.devices.get((pcrs[0], debug))
        if simulated is None:
            clock = self._document_clock
            simulated = device.SimulatedNsm(self.root, device.Measured(*pcrs), clock, bytes, debug=debug)
            self.devices[pcrs[0], debug] = simulated
        client = nsm.NsmClient(_Wire(simulated))
        return client.attest(user_data=manifest.user_data, nonce=nonce, public_key=manifest.public_key)

    def _document_clock(self) -> int:
        return self.document_ms

    def close(self) -> None:
        """Assert that all SUI is still there, and close."""
        assert self.books.everything() == SUPPLY_MIST
        self.ledger.close()


@dataclass(frozen=True)
class _Wire:
    """The simulated device without a socket between."""

    simulated: device.SimulatedNsm

    def exchange(self, request: bytes) -> bytes:
        return self.simulated.handle(request)
