"""The plan of transactions: who shares one, who waits for whom."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from gateway.batching import BatchPlan, Ticket


def plan_of(*tickets: Ticket[str], requests: int = 16, size: int = 1000, lanes: int = 4) -> BatchPlan[str]:
    plan: BatchPlan[str] = BatchPlan(requests, size, lanes)
    for ticket in tickets:
        plan.add(ticket)
    return plan


def ticket(item: str, lane: str = "A", key: str | None = None, size: int = 1) -> Ticket[str]:
    return Ticket(lane, key, size, item)


def items(batch) -> list[str]:
    return [] if batch is None else [t.item for t in batch.tickets]


def test_requests_of_one_session_share():
    plan = plan_of(ticket("1"), ticket("2", lane="B"), ticket("3"))
    assert items(plan.next_batch()) == ["1", "3"]
    assert items(plan.next_batch()) == ["2"]
    assert plan.next_batch() is None
    assert len(plan) == 0


def test_a_transaction_holds_so_many_and_so_much():
    plan = plan_of(*(ticket(str(n)) for n in range(5)), requests=2)
    assert items(plan.next_batch()) == ["0", "1"]
    plan = plan_of(ticket("a", size=60), ticket("b", size=60), ticket("c", size=30), size=100)
    assert items(plan.next_batch()) == ["a", "c"]
    plan = plan_of(ticket("huge", size=5000), ticket("b"), size=100)
    assert items(plan.next_batch()) == ["huge"]


def test_a_later_request_never_overtakes_one_for_the_same_object():
    plan = plan_of(ticket("a", size=60), ticket("b", key="k", size=60), ticket("c", key="k", size=10), size=100)
    first = plan.next_batch()
    assert items(first) == ["a"]
    assert items(plan.next_batch()) == ["b", "c"]


def test_an_object_is_in_one_transaction_at_a_time():
    plan = plan_of(ticket("1", key="k"))
    first = plan.next_batch()
    plan.add(ticket("2", lane="B", key="k"))
    plan.add(ticket("3", lane="B"))
    assert items(plan.next_batch()) == ["3"]
    assert plan.next_batch() is None
    plan.finish(first)
    assert items(plan.next_batch()) == ["2"]


def test_a_session_has_a_few_on_their_way():
    plan = plan_of(ticket("1"), lanes=1)
    first = plan.next_batch()
    plan.add(ticket("2"))
    plan.add(ticket("3"))
    assert plan.next_batch() is None
    plan.finish(first)
    assert items(plan.next_batch()) == ["2", "3"]


def test_after_a_denial_each_goes_alone_and_first():
    plan = plan_of(ticket("1", key="k"), ticket("2", key="k"), ticket("3"))
    batch = plan.next_batch()
    plan.add(ticket("4", key="k"))
    plan.split(batch)
    first = plan.next_batch()
    assert items(first) == ["1"]
    assert items(plan.next_batch()) == ["3"]
    assert plan.next_batch() is None
    plan.finish(first)
    second = plan.next_batch()
    assert items(second) == ["2"]
    plan.finish(second)
    assert items(plan.next_batch()) == ["4"]


def test_a_ticket_nobody_waits_for_is_dropped():
    gone = ticket("1")
    plan = plan_of(gone, ticket("2"))
    assert plan.drop(gone)
    assert not plan.drop(gone)
    assert items(plan.next_batch()) == ["2"]


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from([None, "x", "y"]), st.integers(1, 60)), max_size=30),
    st.integers(0, 2**32),
)
def test_every_ticket_goes_once_and_each_object_in_order(specs, seed):
    rng = random.Random(seed)
    tickets = [Ticket(lane, key, size, number) for number, (lane, key, size) in enumerate(specs)]
    plan = BatchPlan(4, 100, 2)
    waiting, running, done = list(tickets), [], []
    while waiting or running or len(plan):
        step = rng.random()
        if waiting and step < 0.4:
            plan.add(waiting.pop(0))
        elif running and step < 0.6:
            batch = running.pop(rng.randrange(len(running)))
            if len(batch.tickets) > 1 and rng.random() < 0.3:
                plan.split(batch)
            else:
                plan.finish(batch)
                done.extend(t.item for t in batch.tickets)
        elif (batch := plan.next_batch()) is not None:
            busy = {t.key for other in running for t in other.tickets if t.key}
            assert not busy & {t.key for t in batch.tickets}
            assert len({t.lane for t in batch.tickets}) == 1
            running.append(batch)
    assert sorted(done) == list(range(len(tickets)))
    for key in ("x", "y"):
        of_key = [n for n in done if specs[n][1] == key]
        assert of_key == sorted(of_key)
