"""Which versions of the package speak for the contract, and what they may say before they are known."""

import asyncio
import random
from dataclasses import replace

import pytest

from chain.bindings import events as ev
from chain.bindings.state import ClusterState, Delays, Penalties, PendingVersion, Settings
from chain.events import AuthenticatedEvents, Trust
from chain.limits import LIMITS
from chain.memory_ledger import MemoryLedger, Verdict
from chain.packages import KnownPackages
from sui.builder import ProgrammableBuilder
from sui.effects import Event
from sui.transaction import TRANSACTION_DATA, MoveCall, Shared
from sui.type_tag import StructTag
from sui.types import Address
from tests.chain import world as w
from tests.chain.test_events import collect

NEWER, NEWEST, STRANGE = (Address.parse(each) for each in ("0x771", "0x772", "0xbad"))
STATE = ClusterState(
    cluster=w.CLUSTER, version=1, code=w.PACKAGE, pending_version=None, chain_id=w.CHAIN_ID, package=w.PACKAGE,
    settings=Settings(1, 1, 60_000, 600_000, 1, 1, 8192, 8192, 1), delays=Delays(*[0] * 8),
    pending_settings=(), penalties=Penalties(1_000, 1_000), successor=None,
    delay_maxima=Delays(*[0] * 8), measurements=(), configurations=(), active_enclave=w.ENCLAVE, epoch=2,
    config_version=1, operator=w.OWNER.address, bond=5,
)  # fmt: skip


def pending(code, **changes):
    return replace(STATE, pending_version=PendingVersion(2, code, w.NOW + 5), **changes)


def known():
    return KnownPackages(w.PACKAGE, w.CLUSTER, limits=replace(LIMITS, package_versions=2))


def test_states_of_our_own_cluster_are_learnt_from_and_no_others():
    packages = known()
    packages.learn(replace(pending(STRANGE), cluster=Address.parse("0xc2")))
    packages.learn(replace(pending(STRANGE), package=STRANGE))
    assert set(packages) == {w.PACKAGE}
    packages.learn(pending(NEWER))
    assert list(packages) == [w.PACKAGE, NEWER]
    assert NEWER in packages
    assert STRANGE not in packages


def test_there_are_never_too_many_and_the_original_stays():
    packages = known()
    for number in range(10):
        packages.learn(replace(STATE, code=Address(bytes([100 + number]) * 32)))
        packages.learn(pending(NEWER))
    assert len(packages) == 3
    assert next(iter(packages)) == w.PACKAGE
    assert NEWER in packages


def test_what_a_trusted_file_told_is_known_from_the_beginning():
    assert set(KnownPackages(w.PACKAGE, w.CLUSTER, NEWER)) == {w.PACKAGE, NEWER}


def upgraded_ledger(told, module="cluster"):
    """A ledger on which whatever is called says `told`, in our own events' type."""

    def decide(data, _digest):
        call = next(each for each in data.kind.commands if isinstance(each, MoveCall))
        name = type(told).__name__
        kind = StructTag(w.PACKAGE, "events", name)
        return Verdict((Event(call.package, module, data.sender, kind, ev.EVENTS[name].encode(told)),))

    return MemoryLedger(decide, rng=random.Random(1), now_ms=lambda: w.NOW, chain_id=w.CHAIN_ID)


async def heard(told, package, module="cluster"):
    """Whether an event is believed that a transaction emits which calls this package."""
    ledger = upgraded_ledger(told, module)
    for called in (package, w.PACKAGE):
        builder = ProgrammableBuilder()
        builder.move_call(called, module, "announce_version", [builder.obj(Shared(w.TOKEN, 1, mutable=False))])
        transaction, signature = w.sign(builder.finish(), w.OWNER)
        await ledger.execute(transaction, [signature])
    refused = []
    trust = Trust(w.CHAIN_ID, w.PACKAGE, KnownPackages(w.PACKAGE, w.CLUSTER))
    events = AuthenticatedEvents(
        ledger, trust, rng=random.Random(1), refused=lambda raw, error: refused.append((raw.package, error.step))
    )
    # The second one, of the original package, always is: it ends the waiting.
    [found] = await collect(events, 1, from_checkpoint=0)
    assert refused == ([] if found.raw.package == package else [(package, "package")])
    return found.raw.package == package


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        (ev.ClusterChanged("version announced", pending(NEWER)), True),
        (ev.ClusterChanged("version cancelled", replace(STATE, code=NEWER)), True),
        (ev.ClusterChanged("another's", pending(STRANGE)), False),
        (ev.ClusterChanged("another cluster's", pending(NEWER, cluster=Address.parse("0xc2"))), False),
        (ev.ClusterChanged("another contract's", pending(NEWER, package=STRANGE)), False),
        (w.token_state(), False),
        (ev.EnclaveRevoked(w.ENCLAVE, w.CLUSTER, w.NOW), False),
    ],
)
async def test_a_version_announces_itself_and_says_nothing_else_before_it_is_known(told, believed):
    assert await heard(told, NEWER) is believed


def calling(data, package):
    """The same transaction with its calls in another version of the package."""
    commands = (replace(each, package=package) if isinstance(each, MoveCall) else each for each in data.kind.commands)
    return replace(data, kind=replace(data.kind, commands=tuple(commands)))


async def test_requests_of_a_known_version_are_checked_as_those_of_the_first():
    def decide(data, digest):
        [told] = w.decide(calling(data, w.PACKAGE), digest).events
        return Verdict((replace(told, package_id=NEWER),))

    ledger = MemoryLedger(decide, rng=random.Random(1), now_ms=lambda: w.NOW, chain_id=w.CHAIN_ID)
    first, _ = w.submit_transaction([w.Asked(b"x")])
    encoded = TRANSACTION_DATA.encode(calling(TRANSACTION_DATA.decode(first), NEWER))
    await ledger.execute(encoded, [w.OWNER.sign_transaction(encoded)])
    trust = Trust(w.CHAIN_ID, w.PACKAGE, KnownPackages(w.PACKAGE, w.CLUSTER, NEWER))
    [found] = await collect(AuthenticatedEvents(ledger, trust, rng=random.Random(1)), 1, from_checkpoint=0)
    assert found.event.payload == (b"x",)


async def test_a_violation_is_believed_by_its_enclaves_signature():
    ledger = w.new_ledger()
    transaction, signature = w.submit_transaction([w.Asked(b"x")])
    await ledger.execute(transaction, [signature])
    request = ev.EVENTS["K8sAPIRequest"].decode(ledger.events[0].contents)
    for lie, believed in ((False, True), (True, False)):
        told = w.stored_violation(request)
        told = replace(told, payload_hash=b"other") if lie else told
        ours = upgraded_ledger(told, "answer")
        builder = ProgrammableBuilder()
        builder.move_call(w.PACKAGE, "answer", "store_k8s_violation", [])
        encoded, signed = w.sign(builder.finish(), w.GATEWAY)
        await ours.execute(encoded, [signed])
        trust = Trust(w.CHAIN_ID, w.PACKAGE, KnownPackages(w.PACKAGE, w.CLUSTER), {w.ENCLAVE: w.GATEWAY.public}.get)
        refused = []
        events = AuthenticatedEvents(
            ours, trust, rng=random.Random(1), refused=lambda _, error, refused=refused: refused.append(error.step)
        )
        following = events.follow(["K8sViolationStored"], from_checkpoint=0)
        if believed:
            assert (await anext(following)).event == told
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await anext(following)
            assert refused == ["signature"]
        await following.aclose()
