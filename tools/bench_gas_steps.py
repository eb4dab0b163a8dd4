"""What comes before the transactions that `tools/bench_gas_entries.py` lists, in the world of the contract's tests.

A step brings a world where an entry point can be measured, or makes the measured transaction itself. Nothing here
decides what is measured, or with which bodies.
"""

from __future__ import annotations

import dataclasses
import importlib
import random
from typing import TYPE_CHECKING, Any

from chain.bindings import calls
from chain.bindings.events import K8sAPIRequest
from chain.payload import AnswerPlaintext, Header, RequestPlaintext, encode_answer, encode_request
from chain.rules import Rule
from chain.sealing import HPKE_OVERHEAD_BYTES
from chain.statements import (
    ANSWER_DOMAIN,
    ANSWER_STATEMENT,
    VIOLATION_DOMAIN,
    VIOLATION_STATEMENT,
    AnswerStatement,
    ViolationStatement,
)
from localnet.vm.deserialize import deserialize
from sui.builder import ProgrammableBuilder
from sui.digests import upgrade_digest
from sui.effects import PackageWrite
from sui.transaction import GAS_COIN
from sui.type_tag import SUI_FRAMEWORK, StructTag
from tools.real_vm import CONSTANTS_TABLE, edited

if TYPE_CHECKING:
    from collections.abc import Callable

    from sui.keys import Ed25519Key
    from sui.transaction import NestedResult
    from sui.types import Address, ObjectRef

# The tests' world is untyped, like all tests.
world_module: Any = importlib.import_module("tests.chain.contract_world")
World = Any

UPGRADE_DELAY_MS = 1_000
NARROWER = (Rule("", "pods", "", "default", ("get",)),)
OTHER_PCRS = (bytes([1]) * 48, bytes([2]) * 48, bytes([3]) * 48)
_TAG_BYTES = 16
_UPGRADE_CAP = StructTag(SUI_FRAMEWORK, "package", "UpgradeCap")


def sealed_request(body: int, number: int = 0) -> bytes:
    """Bytes as long as a sealed kubectl request with such a body; as sealed bytes, no two are the same."""
    headers = (
        Header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
        Header("content-type", "application/json"),
        Header("user-agent", "kubectl/v1.34.0 (linux/amd64) kubernetes/0000000"),
    )
    target = "/api/v1/namespaces/default/pods?limit=500"
    plaintext = RequestPlaintext(bytes(32), "GET", target, headers, bytes(body))
    return _noise(len(encode_request(plaintext)) + HPKE_OVERHEAD_BYTES, number)


def sealed_answer(body: int, number: int = 0) -> bytes:
    """Bytes as long as a sealed answer with such a body; as sealed bytes, no two are the same."""
    headers = (Header("content-type", "application/json"), Header("cache-control", "no-cache, private"))
    return _noise(len(encode_answer(AnswerPlaintext(200, headers, bytes(body)))) + _TAG_BYTES, number)


def _noise(length: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(length)  # noqa: S311 - stands for sealed bytes, seals nothing


def one(call: Callable[..., object], world: World, *arguments: object, **options: object) -> ProgrammableBuilder:
    """A transaction of one call of the bindings."""
    builder = ProgrammableBuilder()
    call(builder, world.contract, *arguments, **options)
    return builder


def paying(
    call: Callable[..., object], world: World, *arguments: object, mist: int, **options: object
) -> ProgrammableBuilder:
    """A transaction of one call whose last argument is a coin of so many MIST."""
    builder = ProgrammableBuilder()
    call(builder, world.contract, *arguments, coin(builder, mist), **options)
    return builder


def coin(builder: ProgrammableBuilder, mist: int) -> NestedResult:
    """A coin of so many MIST, from the gas coin."""
    return builder.split_coins(GAS_COIN, [builder.pure(mist.to_bytes(8, "little"))])[0]


# Clusters and tokens


def creation(world: World) -> ProgrammableBuilder:
    """The transaction of a new cluster, without a token."""
    builder = ProgrammableBuilder()
    module = world_module
    made = calls.create_cluster(
        builder,
        world.contract,
        chain_id=bytes(world.ledger.chain_id),
        settings=module.SETTINGS,
        delays=module.DELAYS,
        delay_maxima=module.DELAYS,
        penalties=module.PENALTIES,
    )
    calls.add_measurement(builder, world.contract, made.cluster, made.admin, module.PCRS)
    calls.add_configuration(builder, world.contract, made.cluster, made.admin, module.CONFIGURATION)
    calls.share(builder, world.contract, made.cluster)
    builder.transfer_objects([made.admin], builder.pure(bytes(world.admin.address)))
    builder.transfer_objects([made.operator], builder.pure(bytes(world.operator.address)))
    return builder


def issuing(world: World) -> ProgrammableBuilder:
    """One more token, of three rules."""
    return one(
        calls.issue_token,
        world,
        world.cluster,
        world.admin_cap,
        owner=world.owner.address,
        public_key=world.owner.public,
        rules=world_module.RULES,
        stake=world_module.SETTINGS.min_stake,
        expires_at=world.now[0] + 3_600_000,
        note="another",
    )


def by_admin(call: Callable[..., object], world: World, *arguments: object, **options: object) -> ProgrammableBuilder:
    """One call with the cluster and the AdminCap."""
    return one(call, world, world.cluster, world.admin_cap, *arguments, **options)


def by_operator(
    call: Callable[..., object], world: World, *arguments: object, **options: object
) -> ProgrammableBuilder:
    """One call with the cluster and the OperatorCap."""
    return one(call, world, world.cluster, world.operator_cap, *arguments, **options)


def after(world: World, sender: Ed25519Key, builder: ProgrammableBuilder, wait_ms: int = 0) -> World:
    """The world after a transaction, and some time."""
    world.do(builder, sender)
    world.pass_ms(wait_ms)
    return world


def bond_leaves(world: World) -> World:
    """The world when a withdrawal of the operator's bond is due."""
    builder = by_operator(calls.announce_bond_withdrawal, world, world_module.SETTINGS.min_bond)
    return after(world, world.operator, builder, world_module.DELAYS.withdrawal_ms)


def stake_leaves(world: World) -> World:
    """The world when a withdrawal of the token's stake is due."""
    amount = world_module.SETTINGS.min_stake
    builder = one(calls.announce_stake_withdrawal, world, world.cluster, world.token, amount)
    return after(world, world.owner, builder, world_module.DELAYS.withdrawal_ms)


# Enclaves


def challenged(world: World, *, second: bool = False) -> World:
    """The world with a fresh challenge, for the active enclave or for a second one."""
    if second:
        world.enclave_key = world_module.key("second enclave")
    world.challenge()
    return world


def registered(world: World) -> World:
    """The world with a second enclave, which waits for its activation."""
    challenged(world, second=True).register()
    return world


def renewal(world: World) -> ProgrammableBuilder:
    """A new document of the active enclave."""
    challenge: ObjectRef = world.owned(world.operator, "enclave", "Challenge")
    return by_operator(
        calls.renew,
        world,
        enclave=world.enclave,
        challenge=challenge,
        document=world.document(bytes(challenge.object_id)),
        configuration_hash=world_module.CONFIGURATION,
    )


# Requests and their ends


def ask(world: World, body: int, number: int = 0) -> calls.Submission:
    """A get of pods with such a body."""
    asked: calls.Submission = world.ask(world_module.GET_PODS, sealed_request(body, number))
    return asked


def submitting(
    call: Callable[..., object], world: World, asked: calls.Submission | list[calls.Submission], **options: object
) -> ProgrammableBuilder:
    """A transaction that asks."""
    return one(call, world, cluster=world.cluster, enclave=world.enclave, token=world.token, asked=asked, **options)


def with_receipt(world: World, body: int) -> ProgrammableBuilder:
    """A request with the deposit for a receipt."""
    deposit = world_module.SETTINGS.receipt_deposit
    return submitting(calls.submit_with_receipt, world, ask(world, body), deposit=deposit)


def asked(world: World, builder: ProgrammableBuilder | None = None) -> Address:
    """Ask for something small as the token's owner; the request's id."""
    done = world.do(builder or world.submission(ask(world, 0)), world.owner)
    found: Address = next(each.request_id for each in world.events(done) if isinstance(each, K8sAPIRequest))
    return found


def answers(world: World, count: int, body: int) -> ProgrammableBuilder:
    """Answers to so many requests, each with such a body."""
    requests = [asked(world) for _ in range(count)]
    signed = [world.answer(each, sealed_answer(body, at), sequence=at) for at, each in enumerate(requests, 1)]
    stored: ProgrammableBuilder = world.storing(*signed)
    return stored


def answer_with_receipt(world: World) -> ProgrammableBuilder:
    """The answer to a request that has the deposit for a receipt."""
    request = asked(world, with_receipt(world, 0))
    stored: ProgrammableBuilder = world.storing(world.answer(request, sealed_answer(0)))
    return stored


def receipt_deletion(world: World) -> ProgrammableBuilder:
    """The owner deletes his receipt."""
    world.do(answer_with_receipt(world), world.enclave_key)
    return one(calls.delete_receipt, world, world.owned(world.owner, "receipt", "Receipt"))


def violation(world: World) -> ProgrammableBuilder:
    """The enclave says that a payload was not what its envelope said."""
    request_id = asked(world)
    terms = world.read(request_id).terms
    statement = ViolationStatement(
        domain=VIOLATION_DOMAIN,
        chain_id=bytes(world.ledger.chain_id),
        package=world.contract.original,
        cluster=terms.cluster,
        enclave=terms.enclave,
        epoch=terms.epoch,
        sequence=1,
        config_version=terms.config_version,
        request_id=request_id,
        payload_hash=terms.payload_hash,
        found_at=world.now[0],
        answer_until=terms.answer_until,
    )
    signature = world.enclave_key.sign(VIOLATION_STATEMENT.encode(statement))
    said = calls.Violation(world.shared(request_id), world.token, 1, statement.found_at, signature)
    return one(calls.store_k8s_violation, world, world.cluster, world.enclave, said)


def equivocation(world: World) -> ProgrammableBuilder:
    """Somebody reports two signed answers to one request."""
    request_id = asked(world)
    terms = world.read(request_id).terms
    first = AnswerStatement(
        domain=ANSWER_DOMAIN,
        chain_id=bytes(world.ledger.chain_id),
        package=world.contract.original,
        cluster=terms.cluster,
        enclave=terms.enclave,
        epoch=terms.epoch,
        sequence=1,
        config_version=terms.config_version,
        request_id=request_id,
        payload_hash=terms.payload_hash,
        status=200,
        body_hash=bytes(32),
        executed_at=world.now[0],
        answer_until=terms.answer_until,
    )
    said = [first, dataclasses.replace(first, sequence=2, status=404)]
    signed = [(each, world.enclave_key.sign(ANSWER_STATEMENT.encode(each))) for each in said]
    return one(calls.report_equivocation, world, world.cluster, world.enclave, request_id=request_id, answers=signed)


def expiry(world: World, late_ms: int = 0) -> ProgrammableBuilder:
    """The end of a request that nobody answered, so long after it could be."""
    request = asked(world)
    until = world.read(request).terms.answer_until
    world.pass_ms(until - world.now[0] + 1 + late_ms)
    return one(calls.expire_request, world, world.shared(request))


# Upgrades of the package


def locking(world: World) -> ProgrammableBuilder:
    """The UpgradeCap goes into its lock."""
    cap = world.ledger.owned_objects(world.admin.address, object_type=_UPGRADE_CAP, limit=1).items[0].ref
    return one(calls.lock_upgrades, world, cap, delay_ms=UPGRADE_DELAY_MS, right_to=world.admin.address)


def locked(world: World) -> World:
    """The world with the lock, as its field `lock`."""
    world.lock = world.shared(world.find(world.do(locking(world), world.admin), "UpgradeLock"))
    return world


def by_right(call: Callable[..., object], world: World, *arguments: object, **options: object) -> ProgrammableBuilder:
    """One call with the lock and the right to announce."""
    right = world.owned(world.admin, "upgrade_lock", "UpgradeRight")
    return one(call, world, world.lock, right, *arguments, **options)


def next_version(modules: list[bytes]) -> list[bytes]:
    """The same code, but for the version that it takes itself for."""

    def second(constants: bytes) -> bytes:
        return constants.replace((1).to_bytes(8, "little"), (2).to_bytes(8, "little"))

    return [edited(code, CONSTANTS_TABLE, second) if deserialize(code).name == "version" else code for code in modules]


def upgrade_announced(world: World) -> World:
    """The world in which a next version is announced, and due."""
    world.modules = next_version(world.modules)
    digest = bytes(upgrade_digest(world.modules, world.dependencies))
    return after(locked(world), world.admin, by_right(calls.announce_upgrade, world, digest), UPGRADE_DELAY_MS)


def upgrading(world: World) -> ProgrammableBuilder:
    """The announced upgrade."""
    return by_right(calls.upgrade, world, modules=world.modules, dependencies=world.dependencies)


def upgraded(world: World) -> World:
    """The world whose package has a second version, which is called from now on."""
    done = world.do(upgrading(upgrade_announced(world)), world.admin)
    package = next(
        change.object_id for change in done.effects.changed_objects if isinstance(change.output_state, PackageWrite)
    )
    world.contract = calls.Contract(package, world.contract.original)
    return world


def version_announced(world: World) -> World:
    """The world whose cluster will work with the second version."""
    upgraded(world)
    return after(world, world.admin, by_admin(calls.announce_version, world, world.lock))


def version_cancelling(world: World) -> ProgrammableBuilder:
    """The cluster stays with the first version, whose code says so."""
    version_announced(world).contract = calls.Contract.first(world.contract.original)
    return by_admin(calls.cancel_version, world)


def migrating(world: World) -> ProgrammableBuilder:
    """The token follows its cluster to the second version."""
    version_announced(world).pass_ms(world_module.DELAYS.upgrade_ms)
    return one(calls.migrate_token, world, world.cluster, world.token)
