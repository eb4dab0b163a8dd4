"""Checkpoints, the Clock, events and listings."""

import pytest

from localnet.ledger import EventCursor, EventFilter, LookupFailed
from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.transaction import GAS_COIN
from sui.type_tag import GAS_COIN_TYPE, SUI_COIN_TYPE, StructTag
from sui.types import Address

CLOCK_ID = Address.parse("0x6")


def clock_of(ledger):
    return int.from_bytes(ledger.get_object(CLOCK_ID).object.data.contents[32:], "little")


def test_checkpoints_are_sealed_after_finality(opened, alice, bob):
    world = opened(finality_ms=400)
    world.gas_coin(alice)
    world.now[0] += 400
    world.ledger.tick()
    tip = world.ledger.service_info().checkpoint_height
    sealed = []
    world.ledger.subscribe(sealed.append)
    done = world.fund(bob, 5)[0]
    transaction = world.ledger.get_transaction(world.ledger.get_object(done.object_id).object.previous_transaction)
    assert transaction.checkpoint is None
    assert world.ledger.get_object(done.object_id) is not None
    world.now[0] += 399
    world.ledger.tick()
    assert sealed == []
    world.now[0] += 1
    world.ledger.tick()
    [record] = sealed
    assert record.sequence_number == tip + 1
    assert [t.digest for t in record.transactions][1:] == [transaction.digest]
    assert world.ledger.get_transaction(transaction.digest).checkpoint == tip + 1


def test_clock_never_runs_backwards(opened, alice):
    world = opened()
    start = clock_of(world.ledger)
    world.now[0] += 1_000
    world.fund(alice, 1)
    assert clock_of(world.ledger) == start + 1_000
    world.now[0] -= 5_000
    world.fund(alice, 1)
    assert clock_of(world.ledger) == start + 1_000
    times = [world.ledger.get_checkpoint(n).summary.timestamp_ms for n in range(4)]
    assert times == sorted(times)


def test_idle_ledgers_still_tell_the_time(opened):
    world = opened(idle_checkpoint_ms=5_000)
    height = world.ledger.service_info().checkpoint_height
    for passed, expected in ((4_999, 0), (1, 1), (4_999, 1), (1, 2)):
        world.now[0] += passed
        world.ledger.tick()
        assert world.ledger.service_info().checkpoint_height == height + expected
    assert clock_of(world.ledger) == world.now[0]
    silent = opened(idle_checkpoint_ms=0)
    silent.now[0] += 10**9
    silent.ledger.tick()
    assert silent.ledger.service_info().checkpoint_height == 1


def test_checkpoints_hold_every_transaction_once(opened, alice, bob):
    world = opened(finality_ms=100)
    for n in range(12):
        world.now[0] += 30
        world.ledger.tick()
        world.fund(alice if n % 2 else bob, n + 1)
    world.now[0] += 100
    world.ledger.tick()
    tip = world.ledger.get_checkpoint()
    listed = [
        done.digest
        for number in range(tip.sequence_number + 1)
        for done in world.ledger.get_checkpoint(number, transactions=True).transactions
    ]
    assert listed == [done.digest for done in world.ledger.list_transactions(limit=1000)]
    assert len(listed) == len(set(listed)) == tip.summary.network_total_transactions
    for number in range(1, tip.sequence_number + 1):
        record = world.ledger.get_checkpoint(number)
        assert record.summary.previous_digest == world.ledger.get_checkpoint(number - 1).digest
        assert world.ledger.get_checkpoint(record.digest) == record


def test_subscribers_are_told_in_order_until_they_leave(world, alice):
    seen = []
    leave = world.ledger.subscribe(lambda record: seen.append(record.sequence_number))
    world.fund(alice, 1)
    world.fund(alice, 2)
    leave()
    world.fund(alice, 3)
    assert seen == [2, 3]


@pytest.fixture
def lively(things, alice, bob):
    """Six events: three of Alice's, three of Bob's."""
    for number in range(3):
        things.thing(alice, bytes(number))
        things.thing(bob, bytes(number))
    return things


def test_events_are_found_by_type_module_and_sender(lively, alice, bob):
    ledger, package = lively.ledger, lively.things
    made = EventFilter(type_package=package, type_module="things", type_name="Made")
    everything = ledger.list_events([[made]])
    assert len(everything.events) == 6
    assert everything.at_tip
    assert [e.event.sender for e in everything.events] == [alice.address, bob.address] * 3
    assert len(ledger.list_events([[EventFilter(type_package=package, type_module="things")]]).events) == 7
    assert len(ledger.list_events([[EventFilter(emit_package=package, emit_module="things")]]).events) == 7
    assert len(ledger.list_events([[EventFilter(emit_package=Address(bytes(32)))]]).events) == 0
    of_bob = ledger.list_events([[made, EventFilter(sender=bob.address)]])
    assert {e.event.sender for e in of_bob.events} == {bob.address}
    not_bob = ledger.list_events([[made, EventFilter(sender=bob.address, negated=True)]])
    assert {e.event.sender for e in not_bob.events} == {alice.address}
    either = ledger.list_events([[made, EventFilter(sender=bob.address)], [made, EventFilter(sender=alice.address)]])
    assert len(either.events) == 6


def test_events_are_paged_in_order_both_ways(lively):
    ledger = lively.ledger
    whole = ledger.list_events()
    paged, after = [], None
    while True:
        page = ledger.list_events(after=after, limit=2)
        paged += page.events
        after = page.scanned_to
        if page.at_tip:
            break
    assert tuple(paged) == whole.events
    backwards = ledger.list_events(descending=True).events
    assert backwards == whole.events[::-1]
    some = ledger.list_events(before=whole.events[3].cursor, after=whole.events[0].cursor)
    assert some.events == whole.events[1:3]
    for found in whole.events:
        done = ledger.get_transaction(found.transaction_digest)
        assert done.events[found.cursor.event_index] == found.event
        assert found.cursor == EventCursor(done.index, found.cursor.event_index)
        checkpoint = ledger.get_checkpoint(found.checkpoint, transactions=True)
        assert checkpoint.transactions[found.transaction_offset].digest == done.digest


def test_events_that_are_not_sealed_are_not_listed(opened, alice):
    world = opened(finality_ms=1_000)
    world.publish(alice)
    assert world.ledger.list_events().events == ()
    world.now[0] += 1_000
    world.ledger.tick()
    [started] = world.ledger.list_events().events
    assert started.event.type.name == "Started"


def test_listing_continues_after_the_last_page(lively, alice):
    ledger = lively.ledger
    everything = ledger.list_events()
    lively.thing(alice, b"one more")
    later = ledger.list_events(after=everything.scanned_to)
    assert len(later.events) == 1
    assert later.events[0].event.contents[32] == 8


def test_owned_objects_are_paged_by_type_and_balance(things, alice, bob):
    things.fund(bob, 5, 500, 50)
    things.thing(bob)
    pages, after = [], None
    while True:
        page = things.ledger.owned_objects(bob.address, limit=2, after=after)
        pages += page.items
        after = page.next
        if after is None:
            break
    assert len(pages) == len({record.ref.object_id for record in pages}) == 5
    coins = things.ledger.owned_objects(bob.address, object_type=GAS_COIN_TYPE).items
    assert [things.balance_of(c.ref) for c in coins][1:] == [500, 50, 5]
    any_coin = things.ledger.owned_objects(bob.address, object_type=StructTag.parse("0x2::coin::Coin")).items
    assert any_coin == coins
    assert things.ledger.owned_objects(bob.address, object_type=StructTag.parse("0x2::coin::CoinX")).items == ()
    with pytest.raises(LookupFailed):
        things.ledger.owned_objects(bob.address, after=b"broken")


def test_balances(world, alice):
    world.fund(alice, 5, 7)
    assert world.ledger.balance(alice.address, SUI_COIN_TYPE).total == 12
    [balance] = world.ledger.balances(alice.address)
    assert (balance.coin_type, balance.total, balance.coins) == (SUI_COIN_TYPE, 12, 2)
    assert world.ledger.balance(Address(bytes(32)), SUI_COIN_TYPE).total == 0
    faucet = world.ledger.balance(world.ledger.faucet_address, SUI_COIN_TYPE)
    assert faucet.total > 2**63


def test_coin_metadata_of_sui(world):
    tag = StructTag(SUI_COIN_TYPE.address, "coin", "CoinMetadata", (SUI_COIN_TYPE,))
    metadata = world.ledger.coin_objects_of_type(tag)
    assert metadata.object.data.contents[32] == 9


def test_objects_of_a_transaction(things, alice):
    record = things.thing(alice)
    builder = ProgrammableBuilder()
    things.call(builder, "destroy", builder.obj(things.owned(record)))
    done = things.ok(alice, builder)
    before, after = things.ledger.transaction_objects(done)
    assert record.ref in {found.ref for found in before}
    assert [found.ref.object_id for found in after] == [things.gas_coin(alice).object_id]
    assert things.ledger.get_object(record.ref.object_id, record.ref.version) == record
    assert things.ledger.get_object(record.ref.object_id, done.effects.lamport_version) is None


def test_what_does_not_exist(world):
    ledger = world.ledger
    assert ledger.get_object(Address(b"\7" * 32)) is None
    assert ledger.get_object(CLOCK_ID, 2**64 - 1) is None
    assert ledger.get_checkpoint(2**64 - 1) is None
    assert ledger.get_transaction(ledger.chain_id) is None
    assert ledger.package(Address(b"\7" * 32)) is None
    assert ledger.package_versions(Address(b"\7" * 32)) == ()
    assert ledger.list_events(after=EventCursor(2**64 - 1, 2**64 - 1)).events == ()


def test_faucet_is_an_ordinary_transaction(world, bob):
    done = world.ledger.faucet(bob.address, [10, 20])
    assert done.transaction.sender == world.ledger.faucet_address
    assert done.effects.gas_used.storage_cost == 3 * 130 * 7_600
    assert sorted(world.balance_of(coin.ref) for coin in world.coins(bob)) == [10, 20]


def test_epoch_and_service(world):
    epoch = world.ledger.epoch_info()
    assert (epoch.epoch, epoch.reference_gas_price, epoch.start_ms) == (0, 1000, world.now[0])
    assert epoch.attributes["max_pure_argument_size"] == "16384"
    info = world.ledger.service_info()
    assert (info.chain_id, info.epoch, info.checkpoint_height) == (world.ledger.chain_id, 0, 1)


def test_transactions_with_nothing_to_do_with_gas_are_indexed(world, alice, bob):
    builder = ProgrammableBuilder()
    [coin] = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, 1)])
    builder.transfer_objects([coin], builder.pure(bytes(bob.address)))
    done = world.ok(alice, builder)
    assert world.ledger.list_transactions(after=done.index - 1, limit=1) == (done,)
