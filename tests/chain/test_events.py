"""The port "authenticated events" against a ledger that is cut, repeats, swaps and lies."""

import asyncio
import random
from dataclasses import replace

import pytest

from chain.backoff import Backoff
from chain.bindings import events as ev
from chain.checks import check_token, check_transaction
from chain.errors import CursorExpiredError, UnauthenticError
from chain.events import AuthenticatedEvents, Trust
from chain.ledger import LedgerEvent
from chain.limits import LIMITS
from chain.memory_ledger import MemoryLedger, Verdict
from chain.packages import KnownPackages
from chain.tokens import TokenRegistry
from sui import bcs
from sui.digests import derive_object_id, transaction_digest
from sui.types import Address
from tests.chain import world as w

ALL = tuple(ev.EVENTS)
FAST = replace(LIMITS, backoff_first_s=0.0, backoff_cap_s=0.0, stream_idle_s=0.2)


def follower(ledger, *, seed=1, keys=None, refused=None, limits=FAST, caught_up=lambda: None):
    trust = Trust(w.CHAIN_ID, w.PACKAGE, KnownPackages(w.PACKAGE, w.CLUSTER), (keys or {}).get)
    return AuthenticatedEvents(
        ledger,
        trust,
        rng=random.Random(seed),
        refused=lambda raw, error: refused.append((raw, error)) if refused is not None else None,
        caught_up=caught_up,
        limits=limits,
    )


async def collect(events, count, *, names=ALL, seconds=5.0, **start):
    """The first `count` events."""
    found = []

    async def run():
        async for one in events.follow(names, **start):
            found.append(one)
            if len(found) >= count:
                return

    await asyncio.wait_for(run(), seconds)
    return found


async def nothing_comes(ledger, events, *, names=ALL, **start):
    """Assert that nothing said so far is delivered: the first event to come is one that is announced after it."""
    lie = ledger.faults.lie
    transaction, signature = w.announce_transaction(Address.parse("0x7e57"))
    digest = transaction_digest(transaction)
    ledger.faults.lie = lambda raw: raw if lie is None or raw.digest == digest else lie(raw)
    await ledger.execute(transaction, [signature])
    [found] = await collect(events, 1, names=[*names, "SealTokenChanged"], **start)
    assert found.raw.digest == digest


async def settled():
    """Let everything in memory go on until it waits for something new."""
    for _ in range(100):
        await asyncio.sleep(0)


async def submit(ledger, *asked, key=w.OWNER, extra=None):
    transaction, signature = w.submit_transaction(asked, key=key, extra=extra)
    return await ledger.execute(transaction, [signature])


async def test_a_request_arrives_with_its_id_and_payload():
    ledger = w.new_ledger()
    done = await submit(ledger, w.Asked(b"x" * 40_000))
    [found] = await collect(follower(ledger), 1, from_checkpoint=0)
    assert found.event.request_id == derive_object_id(done.digest, 0)
    assert b"".join(found.event.payload) == b"x" * 40_000
    assert found.sender == w.OWNER.address
    assert found.raw.key == (done.digest, 0)


async def test_events_after_the_start_come_live():
    ledger = w.new_ledger()
    await submit(ledger, w.Asked(b"before"))
    events = follower(ledger)
    task = asyncio.create_task(collect(events, 1))
    await settled()
    await submit(ledger, w.Asked(b"after"))
    [found] = await task
    assert found.event.payload == (b"after",)


async def test_what_comes_while_an_event_is_being_dealt_with_is_not_passed_over():
    ledger = w.new_ledger()
    events = follower(ledger).follow(ALL)
    coming = asyncio.create_task(anext(events))
    await asyncio.sleep(0.02)
    for number in range(3):
        await submit(ledger, w.Asked(b"%d" % number))
    found = [await coming]
    await submit(ledger, w.Asked(b"3"))
    found += [await asyncio.wait_for(anext(events), 1) for _ in range(3)]
    assert [one.event.payload[0] for one in found] == [b"0", b"1", b"2", b"3"]
    await events.aclose()


async def test_it_says_when_it_has_caught_up_on_each_connection():
    ledger = w.new_ledger()
    for number in range(10):
        await submit(ledger, w.Asked(b"%d" % number))
    dealt_with: list[int] = []
    told_after: list[int] = []
    events = follower(ledger, limits=replace(FAST, events_page=3), caught_up=lambda: told_after.append(len(dealt_with)))

    async def run():
        async for found in events.follow(ALL, from_checkpoint=0):
            await asyncio.sleep(0)
            dealt_with.append(int(found.event.payload[0]))

    async def until(told, dealt):
        async with asyncio.timeout(10):
            while (len(told_after), len(dealt_with)) != (told, dealt):  # noqa: ASYNC110 - knows of no event
                await asyncio.sleep(0.002)

    running = asyncio.create_task(run())
    await until(1, 10)
    assert (told_after, dealt_with) == ([10], list(range(10)))
    await submit(ledger, w.Asked(b"10"))
    await until(1, 11)
    ledger.faults.cut = 1.0
    await submit(ledger, w.Asked(b"11"))
    await asyncio.sleep(0.05)
    ledger.faults.cut = 0.0
    await until(2, 12)
    running.cancel()
    assert (told_after, dealt_with) == ([10, 12], list(range(12)))


async def test_where_nothing_has_happened_it_has_caught_up_at_once():
    told = asyncio.Event()
    running = asyncio.create_task(collect(follower(w.new_ledger(), caught_up=told.set), 1, from_checkpoint=0))
    await asyncio.wait_for(told.wait(), 1)
    running.cancel()


async def test_going_on_from_a_cursor_repeats_nothing():
    ledger = w.new_ledger()
    for number in range(6):
        await submit(ledger, w.Asked(b"%d" % number))
    first = await collect(follower(ledger), 3, from_checkpoint=0)
    rest = await collect(follower(ledger), 3, cursor=first[-1].cursor)
    assert [one.event.payload[0] for one in first + rest] == [b"%d" % number for number in range(6)]


async def test_a_batch_gives_each_call_its_own_id():
    ledger = w.new_ledger()
    done = await submit(ledger, *[w.Asked(b"%d" % n) for n in range(4)])
    found = await collect(follower(ledger), 4, from_checkpoint=0)
    assert [one.event.request_id for one in found] == [derive_object_id(done.digest, n) for n in range(4)]


@pytest.mark.parametrize("seed", range(12))
async def test_faults_lose_and_repeat_nothing(seed):
    ledger = w.new_ledger(seed)
    ledger.faults.cut = 0.15
    ledger.faults.duplicate = 0.3
    ledger.faults.reorder = 0.3
    limits = replace(FAST, events_page=7)
    events = follower(ledger, seed=seed, limits=limits)
    task = asyncio.create_task(collect(events, 60, from_checkpoint=0, seconds=20))
    for number in range(60):
        await submit(ledger, w.Asked(b"%d" % number))
        if number % 7 == 0:
            await asyncio.sleep(0)
    found = await task
    assert sorted(int(one.event.payload[0]) for one in found) == list(range(60))


@pytest.mark.parametrize("steps", range(10))
async def test_a_follower_ends_when_told_to_though_an_event_comes_in_the_same_moment(steps):
    ledger = w.new_ledger()

    async def follow():
        async for _ in follower(ledger, limits=LIMITS).follow(ALL):
            pass

    task = asyncio.create_task(follow())
    await settled()
    await submit(ledger, w.Asked(b"late"))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await settled()
    assert task.cancelled()


async def test_a_dead_ledger_is_waited_for_with_backoff():
    ledger = w.new_ledger()
    delays = []

    async def sleep(seconds):
        delays.append(seconds)
        if len(delays) == 8:
            ledger.faults.unreachable = False
            await submit(ledger, w.Asked(b"back"))
        await asyncio.sleep(0)

    ledger.faults.unreachable = True
    trust = Trust(w.CHAIN_ID, w.PACKAGE, KnownPackages(w.PACKAGE, w.CLUSTER))
    events = AuthenticatedEvents(ledger, trust, rng=random.Random(3), sleep=sleep)
    [found] = await collect(events, 1, from_checkpoint=0)
    assert found.event.payload == (b"back",)
    assert delays[7] > delays[0]
    assert all(0 < delay <= LIMITS.backoff_cap_s for delay in delays)


async def test_backoff_is_jittered_by_its_seed():
    def draw(seed):
        backoff = Backoff(random.Random(seed))
        return [backoff.next_s() for _ in range(10)]

    assert draw(1) == draw(1) != draw(2)
    backoff = Backoff(random.Random(1))
    for _ in range(20):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() <= LIMITS.backoff_first_s


async def test_an_expired_cursor_is_replaced_by_its_checkpoint():
    """Nothing between the last delivered event and the cut is lost."""
    ledger = w.new_ledger()
    await submit(ledger, w.Asked(b"0"))
    real, expired = ledger.list_events, []

    async def list_events(types, *, after, **options):
        if after is not None and not expired:
            expired.append(after)
            raise CursorExpiredError("gone")
        async for frame in real(types, after=after, **options):
            yield frame

    events = follower(ledger)
    task = asyncio.create_task(collect(events, 3, from_checkpoint=0))
    await settled()
    ledger.list_events = list_events
    ledger.faults.cut = 1.0
    await submit(ledger, w.Asked(b"1"))
    await submit(ledger, w.Asked(b"2"))
    await settled()
    ledger.faults.cut = 0.0
    assert [one.event.payload[0] for one in await task] == [b"0", b"1", b"2"]
    assert expired


async def test_a_foreign_expired_cursor_goes_on_from_the_tip():
    ledger = w.new_ledger()
    real = ledger.list_events

    async def list_events(types, *, after, **options):
        if after == b"old":
            raise CursorExpiredError("gone")
        async for frame in real(types, after=after, **options):
            yield frame

    ledger.list_events = list_events
    task = asyncio.create_task(collect(follower(ledger), 1, cursor=b"old"))
    await settled()
    await submit(ledger, w.Asked(b"new"))
    assert (await task)[0].event.payload == (b"new",)


# --- what a lying node cannot do -------------------------------------------------------------------------------------


def altered(**changes):
    """A lie: every request's event with some fields changed."""

    def lie(raw: LedgerEvent):
        if raw.type.name != "K8sAPIRequest":
            return raw
        value = replace(ev.EVENTS["K8sAPIRequest"].decode(raw.contents), **changes)
        return replace(raw, contents=ev.EVENTS["K8sAPIRequest"].encode(value))

    return lie


@pytest.mark.parametrize(
    "changes",
    [
        {"verb": "delete"},
        {"namespace": "kube-system"},
        {"payload": (b"other",)},
        {"payload": (b"other",), "payload_hash": b"\1" * 32},
        {"token": Address.parse("0x71")},
        {"enclave": Address.parse("0xe2")},
        {"cluster": Address.parse("0xc2")},
        {"deadline": w.NOW + 10**6},
        {"request_id": Address.parse("0x99")},
        {"sender": w.STRANGER.address},
        {"owner": w.STRANGER.address},
        {"session": b"\1" * 32},
        {"stream": True},
    ],
)
@pytest.mark.parametrize("plain", [True, False])
async def test_an_altered_request_is_refused(changes, plain):
    ledger = w.new_ledger()

    def split(builder):
        coin = builder.split_coins(builder.pure_value(bcs.U64, 1), [builder.pure_value(bcs.U64, 1)])
        builder.transfer_objects(coin, builder.pure_value(bcs.ADDRESS, w.OWNER.address))

    await submit(ledger, w.Asked(), extra=None if plain else split)
    ledger.faults.lie = altered(**changes)
    refused = []
    await nothing_comes(ledger, follower(ledger, refused=refused), from_checkpoint=0)
    assert isinstance(refused[0][1], UnauthenticError)


async def test_the_event_without_the_lie_passes_both_ways():
    for plain in (True, False):
        ledger = w.new_ledger()
        extra = None if plain else lambda b: b.split_coins(b.pure_value(bcs.U64, 1), [b.pure_value(bcs.U64, 1)])
        await submit(ledger, w.Asked(), extra=extra)
        assert await collect(follower(ledger), 1, from_checkpoint=0)


async def test_an_altered_own_request_is_refused():
    """Even where the node's effects were not asked for, the inputs are compared."""
    ledger = w.new_ledger()
    asked = w.Asked(session=b"\2" * 32, narrowed=w.RULES)
    transaction, signature = w.submit_transaction([asked], key=w.GATEWAY)
    ledger.faults.lie = altered(verb="delete")
    refused = []
    events = follower(ledger, refused=refused)
    events.expect(transaction_digest(transaction), transaction, signature)
    await ledger.execute(transaction, [signature])
    await nothing_comes(ledger, events, from_checkpoint=0)
    assert refused[0][1].step == "inputs"


async def test_a_grant_is_good_only_in_our_own_gateways_transactions():
    ledger = w.new_ledger()
    asked = w.Asked(session=b"\2" * 32, narrowed=w.RULES)
    transaction, signature = w.submit_transaction([asked], key=w.GATEWAY)
    await ledger.execute(transaction, [signature])
    refused = []
    await nothing_comes(ledger, follower(ledger, refused=refused), from_checkpoint=0)
    assert refused[0][1].step == "own gateway"
    events = follower(ledger)
    events.expect(transaction_digest(transaction), transaction, signature)
    [found] = await collect(events, 1, from_checkpoint=0)
    assert found.event.narrowed == w.RULES


async def test_a_transaction_handed_over_with_a_wrong_signature_is_refused():
    transaction, _ = w.submit_transaction([w.Asked()])
    with pytest.raises(UnauthenticError, match="signature"):
        follower(w.new_ledger()).expect(
            transaction_digest(transaction), transaction, w.STRANGER.sign_transaction(transaction)
        )
    with pytest.raises(UnauthenticError, match="digest"):
        follower(w.new_ledger()).expect(transaction_digest(b"x"), transaction, w.OWNER.sign_transaction(transaction))


async def test_a_forged_event_for_another_transaction_is_refused():
    ledger = w.new_ledger()
    await submit(ledger, w.Asked(b"real"))
    announce, signature = w.announce_transaction()
    done = await ledger.execute(announce, [signature])
    ledger.faults.lie = lambda raw: replace(raw, digest=done.digest) if raw.type.name == "K8sAPIRequest" else None
    refused = []
    await nothing_comes(ledger, follower(ledger, refused=refused), from_checkpoint=0)
    assert refused[0][1].step in {"effects", "package"}


async def test_an_event_of_a_failed_transaction_is_refused():
    ledger = w.new_ledger()
    real = await submit(ledger, w.Asked(b"real"))
    denied = await submit(ledger, w.Asked(b"real", envelope=replace(w.GET_PODS, verb="deny")))
    assert not denied.success
    ledger.faults.lie = lambda raw: replace(raw, digest=denied.digest)
    refused = []
    await nothing_comes(ledger, follower(ledger, refused=refused), from_checkpoint=0)
    assert refused[0][1].step == "effects"
    assert real.success


async def test_an_invented_transaction_is_refused():
    ledger = w.new_ledger()
    await submit(ledger, w.Asked(b"real"))
    ledger.faults.lie = lambda raw: replace(raw, digest=transaction_digest(b"never"))
    refused = []
    await nothing_comes(ledger, follower(ledger, refused=refused), from_checkpoint=0)
    assert refused


async def test_another_packages_event_is_refused():
    ledger = w.new_ledger()
    await submit(ledger, w.Asked(b"real"))
    events = follower(ledger)
    events.trust = replace(events.trust, package=Address.parse("0xbad"), packages=frozenset({Address.parse("0xbad")}))
    raw = ledger.events[0]
    with pytest.raises(UnauthenticError, match="package"):
        await events._check(raw)
    foreign = replace(raw, type=replace(raw.type, address=Address.parse("0xbad")))
    with pytest.raises(UnauthenticError):
        await events._check(foreign)


async def test_an_unsigned_transaction_is_refused():
    ledger = w.new_ledger()
    done = await submit(ledger, w.Asked(b"real"))
    stranger = w.STRANGER.sign_transaction(done.transaction)
    ledger.transactions[done.digest] = replace(done, signatures=(stranger,))
    refused = []
    await nothing_comes(ledger, follower(ledger, refused=refused), from_checkpoint=0)
    assert refused[0][1].step == "signature"


async def test_the_second_event_of_a_known_transaction_is_checked_too():
    ledger = w.new_ledger()
    await submit(ledger, w.Asked(b"1"), w.Asked(b"2"))

    def lie(raw):
        if raw.index == 0:
            return raw
        value = replace(ev.EVENTS["K8sAPIRequest"].decode(raw.contents), asked_at=1)
        return replace(raw, contents=ev.EVENTS["K8sAPIRequest"].encode(value))

    ledger.faults.lie = lie
    refused = []
    found = await collect(follower(ledger, refused=refused), 1, from_checkpoint=0)
    assert found[0].event.payload == (b"1",)
    await nothing_comes(ledger, follower(ledger, refused=refused), cursor=found[0].cursor)
    assert refused[0][1].step == "effects"


async def test_a_refused_event_may_still_come_true():
    ledger = w.new_ledger()
    events = follower(ledger)
    task = asyncio.create_task(collect(events, 1, from_checkpoint=0))
    ledger.faults.lie = altered(verb="delete")
    await submit(ledger, w.Asked(b"real"))
    await settled()
    ledger.faults.lie = None
    raw = ledger.events[0]
    ledger.events.append(raw)  # the node says it again, truly
    ledger._wake()
    assert (await task)[0].event.verb == "get"


async def test_a_token_that_the_transaction_does_not_touch_is_refused():
    ledger = w.new_ledger()
    transaction, signature = w.announce_transaction()
    await ledger.execute(transaction, [signature])
    raw = ledger.events[0]
    forged = ev.EVENTS["SealTokenChanged"].encode(w.token_state(Address.parse("0x77")))
    checked = check_transaction(raw.digest, transaction, (signature,))
    with pytest.raises(UnauthenticError, match="token"):
        check_token(checked, raw, ev.EVENTS["SealTokenChanged"].decode(forged))
    [found] = await collect(follower(ledger), 1, from_checkpoint=0)
    assert found.event == w.token_state()


async def test_answers_are_believed_by_the_enclaves_signature():
    ledger = w.new_ledger()
    await submit(ledger, w.Asked())
    request = ev.EVENTS["K8sAPIRequest"].decode(ledger.events[0].contents)
    for stored in (w.stored_answer(request), w.stored_answer(request, key=w.STRANGER)):
        await ledger.execute(*next((t, [s]) for t, s in [w.answer_transaction(stored)]))
    refused = []
    events = follower(ledger, keys={w.ENCLAVE: w.GATEWAY.public}, refused=refused)
    [found] = await collect(events, 1, names=["K8sResponseStored"], from_checkpoint=0)
    assert found.event.signature == w.stored_answer(request).signature
    await nothing_comes(ledger, events, names=["K8sResponseStored"], cursor=found.cursor)
    assert refused[0][1].step == "signature"


async def test_an_answer_with_another_body_is_refused():
    ledger = w.new_ledger()
    await submit(ledger, w.Asked())
    request = ev.EVENTS["K8sAPIRequest"].decode(ledger.events[0].contents)
    stored = replace(w.stored_answer(request), body=(b"another",))
    transaction, signature = w.answer_transaction(stored)
    await ledger.execute(transaction, [signature])
    refused = []
    events = follower(ledger, keys={w.ENCLAVE: w.GATEWAY.public}, refused=refused)
    await nothing_comes(ledger, events, names=["K8sResponseStored"], from_checkpoint=0)
    assert refused[0][1].step == "signature"


# --- what a lying node can still do, until the light client stands (SECURITY.md) --------------------------------------


@pytest.mark.xfail(strict=True, reason="no committee signature is checked yet: execution itself is the node's word")
async def test_a_signed_request_that_was_never_executed_is_refused():
    """The owner signed it, the chain denied it (no stake, revoked, expired); the node says it succeeded."""
    lying = w.new_ledger()
    await submit(lying, w.Asked(b"signed, but never executed on the real chain"))
    await nothing_comes(lying, follower(lying), from_checkpoint=0)


@pytest.mark.xfail(strict=True, reason="whose AdminCap issued a token stands in no input that a client can check alone")
async def test_a_token_issued_by_a_stranger_is_refused():
    """A stranger signs any transaction that touches the token; the node invents the state that it announces."""
    lying = w.new_ledger()
    transaction, signature = w.announce_transaction(key=w.STRANGER)
    await lying.execute(transaction, [signature])
    await nothing_comes(lying, follower(lying), from_checkpoint=0)


@pytest.mark.xfail(strict=True, reason="times of the ledger are the node's word until checkpoints are verified")
async def test_a_shifted_time_is_refused():
    lying = w.new_ledger()
    transaction, signature = w.submit_transaction([w.Asked(session=b"\2" * 32)], key=w.GATEWAY)
    events = follower(lying)
    events.expect(transaction_digest(transaction), transaction, signature)
    await lying.execute(transaction, [signature])
    lying.faults.lie = altered(asked_at=1, answer_until=2**63)
    await nothing_comes(lying, events, from_checkpoint=0)


@pytest.mark.xfail(strict=True, reason="a withheld event leaves no trace without checkpoint contents")
async def test_a_withheld_revocation_is_noticed():
    lying = w.new_ledger()
    transaction, signature = w.announce_transaction()
    await lying.execute(transaction, [signature])
    lying.faults.lie = lambda _raw: None
    refused = []
    await nothing_comes(lying, follower(lying, refused=refused), from_checkpoint=0)
    assert refused


async def test_an_older_state_of_a_token_does_not_take_the_place_of_a_newer_one():
    """Rules were tightened on chain; the node shows the earlier, wider state after the newer one."""
    notes = iter([("wide", 1), ("tightened", 2)])

    def decide(data, _digest):
        note, revision = next(notes)
        state = w.token_state(note=note, revision=revision)
        return Verdict((w.event("SealTokenChanged", state, sender=data.sender, module="seal_token"),))

    lying = MemoryLedger(decide, rng=random.Random(1), chain_id=w.CHAIN_ID)
    for key in (w.STRANGER, w.OWNER):
        transaction, signature = w.announce_transaction(key=key)
        await lying.execute(transaction, [signature])
    lying.events.reverse()
    registry = TokenRegistry(w.CLUSTER)
    for found in await collect(follower(lying), 2, from_checkpoint=0):
        registry.apply(found.event)
    assert registry.get(w.TOKEN).note == "tightened"
