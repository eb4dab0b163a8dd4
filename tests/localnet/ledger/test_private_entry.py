"""Which arguments a private `entry` function takes: each case of Sui's rule, on the ledger."""

from __future__ import annotations

import pytest

from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.effects import CommandArgumentError, Failed, MoveAbort
from sui.transaction import GAS_COIN, NestedResult
from sui.type_tag import TypeTag

from .conftest import CLOCK, compiled


class Calls:
    """A transaction of calls to the test package."""

    def __init__(self, world, package, who):
        self.world, self.package, self.who = world, package, who
        self.builder = ProgrammableBuilder()

    def __getattr__(self, function):
        return lambda *arguments: self.builder.move_call(self.package, "entries", function, list(arguments), [])

    def number(self, value=1):
        return self.builder.pure_value(bcs.U64, value)

    def kind(self, name):
        return TypeTag.parse(f"{self.package}::entries::{name}")

    def vector(self, name, *items):
        return self.builder.make_move_vec(list(items), self.kind(name))

    def clock(self):
        return self.builder.obj(CLOCK)

    def keep(self, value):
        self.builder.transfer_objects([value], self.builder.pure(bytes(self.who.address)))

    def passes(self):
        return self.world.ok(self.who, self.builder)

    def refused(self, command, argument):
        error = CommandArgumentError(argument, "InvalidArgumentToPrivateEntryFunction")
        assert self.world.failed(self.who, self.builder) == Failed(error, command)


@pytest.fixture
def start(world, alice):
    """Starts a transaction of Alice's."""
    package = world.publish_modules(alice, compiled("entries"))
    return lambda: Calls(world, package, alice)


@pytest.fixture
def rooms(start, world):
    """Shared objects."""
    calls = start()
    for _ in range(3):
        calls.open_room()
    return [world.shared(record) for record in world.created(calls.passes(), "Room")]


def test_a_hot_result_is_refused_and_said_by_its_position(start):
    calls = start()
    badge = calls.badge()
    calls.private_badge_seen(badge)
    calls.builder.move_call(calls.package, "entries", "keep", [badge], [])
    calls.refused(1, 0)


def test_what_was_used_with_a_hot_value_is_refused_while_it_is_there(start):
    calls = start()
    box = calls.boxed()
    hot = calls.hot_of(box)
    calls.private_box(box)
    calls.cool(hot)
    calls.keep(box)
    calls.refused(2, 0)


def test_values_join_a_group_in_either_order(start):
    calls = start()
    box, hot = calls.boxed(), calls.hot()
    calls.private_box(box)
    calls.touch(hot, box)
    calls.cool(hot)
    calls.private_box(box)
    calls.keep(box)
    calls.passes()
    calls = start()
    box, hot = calls.boxed(), calls.hot()
    calls.touch(hot, box)
    calls.private_box(box)
    calls.cool(hot)
    calls.keep(box)
    calls.refused(3, 0)


def test_a_group_cools_when_its_last_hot_value_is_taken(start):
    calls = start()
    box = calls.boxed()
    first, second = calls.hot_of(box), calls.hot_of(box)
    calls.cool(first)
    calls.cool(second)
    calls.private_box(box)
    calls.keep(box)
    calls.passes()
    calls = start()
    box = calls.boxed()
    first, second = calls.hot_of(box), calls.hot_of(box)
    calls.cool(first)
    calls.private_box(box)
    calls.cool(second)
    calls.keep(box)
    calls.refused(4, 0)


def test_a_private_function_may_take_the_only_hot_value_itself(start):
    calls = start()
    calls.private_hot(calls.hot())
    calls.private_badge(calls.badge())
    calls.private_hot_all(calls.vector("Hot", calls.hot(), calls.hot()))
    calls.passes()
    calls = start()
    box = calls.boxed()
    first, second = calls.hot_of(box), calls.hot_of(box)
    calls.private_hot(first)
    calls.private_hot(second)
    calls.keep(box)
    calls.refused(3, 0)


def test_the_last_use_by_value_of_what_can_be_copied_takes_it(start):
    calls = start()
    stamp = calls.stamp()
    calls.private_stamp(stamp)
    calls.passes()
    calls = start()
    stamp = calls.stamp()
    calls.private_stamp(stamp)
    calls.unstamp(stamp)
    calls.refused(1, 0)


def test_a_command_that_took_a_shared_object_heats_for_good(start, rooms):
    calls = start()
    first, second, _ = map(calls.builder.obj, rooms)
    calls.private_close(first, calls.clock())
    calls.private_close(second, calls.clock())
    calls.refused(1, 1)
    calls = start()
    calls.close_room(calls.builder.obj(rooms[0]), calls.clock())
    calls.private_now(calls.clock())
    calls.refused(1, 0)


def test_results_of_such_a_command_are_hot_too(start, rooms):
    calls = start()
    number = calls.now(calls.clock())
    calls.close_room(calls.builder.obj(rooms[0]), calls.clock())
    calls.private_number(number)
    calls.refused(2, 0)


def test_public_functions_take_anything(start, rooms):
    calls = start()
    hot = calls.hot()
    for room in rooms:
        calls.close_room(calls.builder.obj(room), calls.clock())
    calls.now(calls.clock())
    calls.cool(hot)
    calls.passes()


def test_what_was_not_used_with_it_stays_cold(start, rooms):
    calls = start()
    calls.close_room(calls.builder.obj(rooms[0]), calls.clock())
    hot = calls.hot()
    calls.private_number(calls.number())
    calls.private_note(calls.note())
    calls.cool(hot)
    calls.passes()


def test_shared_objects_in_a_vector_go_to_one_private_call(start, rooms):
    calls = start()
    gathered = calls.vector("Room", *map(calls.builder.obj, rooms))
    calls.private_close_all(gathered, calls.clock())
    calls.passes()


def test_the_second_private_call_over_a_vector_is_refused(start, rooms):
    calls = start()
    first, second, third = map(calls.builder.obj, rooms)
    calls.private_close_all(calls.vector("Room", first, second), calls.clock())
    calls.private_close_all(calls.vector("Room", third), calls.clock())
    calls.refused(3, 1)


def test_a_vector_of_objects_without_a_type_counts_as_well(start, rooms):
    calls = start()
    gathered = calls.builder.make_move_vec([calls.builder.obj(room) for room in rooms])
    calls.private_close_all(gathered, calls.clock())
    calls.private_now(calls.clock())
    calls.refused(2, 0)


def test_a_pure_input_is_entangled_as_the_type_it_was_used_as(start):
    calls = start()
    number = calls.number(9)
    hot = calls.hot_number(number)
    calls.private_number(number)
    calls.cool(hot)
    calls.refused(1, 0)
    calls = start()
    address = calls.builder.pure(bytes(32))
    box = calls.boxed()
    hot = calls.hot_of(box)
    calls.private_two(address, calls.number(9))
    calls.cool(hot)
    calls.keep(box)
    calls.passes()


def test_the_first_hot_position_is_named(start):
    calls = start()
    number = calls.number(9)
    hot = calls.hot_number(number)
    calls.private_two(calls.builder.pure(bytes(32)), number)
    calls.cool(hot)
    calls.refused(1, 1)


def test_coins_split_from_a_coin_share_its_group(start, world, alice):
    calls = start()
    coin = calls.builder.split_coins(GAS_COIN, [calls.number(5)])[0]
    assert isinstance(coin, NestedResult)
    hot = calls.hot_number(calls.number(5))
    calls.private_number(calls.number(5))
    calls.cool(hot)
    calls.keep(coin)
    calls.refused(2, 0)


def test_the_rule_comes_before_anything_runs(start):
    calls = start()
    calls.fail()
    hot = calls.hot_number(calls.number())
    calls.private_number(calls.number())
    calls.cool(hot)
    calls.refused(2, 0)
    calls = start()
    calls.fail()
    calls.private_number(calls.number())
    status = calls.world.failed(calls.who, calls.builder)
    assert isinstance(status.error, MoveAbort)


def test_other_faults_are_named_first(start):
    calls = start()
    hot = calls.hot_number(calls.number())
    calls.private_number(calls.number())
    calls.cool(hot)
    calls.cool(hot)
    error = CommandArgumentError(0, "InvalidValueUsage")
    assert calls.world.failed(calls.who, calls.builder) == Failed(error, 3)
