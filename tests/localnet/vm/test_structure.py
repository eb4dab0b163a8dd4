"""Any control-flow graph, written as Python, visits the blocks that the graph says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from localnet.vm.structure import Block, flatten, structured

LIMIT = 60


class StopError(Exception):
    """Enough steps."""


@st.composite
def graphs(draw):
    """Returns for each block its targets: none, one, two, or a switch."""
    count = draw(st.integers(1, 14))
    block = st.integers(0, count - 1)
    edges = st.one_of(
        st.just([]),
        st.lists(block, min_size=1, max_size=1),
        st.lists(block, min_size=2, max_size=2),
        st.lists(block, min_size=3, max_size=4),
    )
    return draw(st.lists(edges, min_size=count, max_size=count)), draw(
        st.lists(st.integers(0, 3), min_size=LIMIT, max_size=LIMIT)
    )


def walked(edges, choices):
    trace, block = [], 0
    while True:
        trace.append(block)
        if len(trace) >= LIMIT:
            return trace, None
        targets = edges[block]
        if not targets:
            return trace, block
        if len(targets) == 1:
            block = targets[0]
            continue
        choice = choices[len(trace) - 1]
        block = targets[0 if choice % 2 else 1] if len(targets) == 2 else targets[choice % len(targets)]


def executed(edges, choices):
    blocks = {}
    for number, targets in enumerate(edges):
        block = Block([f"visit({number})"], list(targets))
        if not targets:
            block.lines.append(f"return {number}")
        elif len(targets) == 2:
            block.condition = "choose() % 2"
        elif len(targets) > 2:
            block.switch = f"choose() % {len(targets)}"
        blocks[number] = block
    source = "\n".join(["def f():", *flatten(structured(blocks))])
    trace = []

    def visit(number):
        trace.append(number)
        if len(trace) >= LIMIT:
            raise StopError

    names = {"visit": visit, "choose": lambda: choices[len(trace) - 1]}
    exec(source, names)  # noqa: S102 - the source under test
    try:
        return trace, names["f"]()
    except StopError:
        return trace, None


@settings(max_examples=400, deadline=None)
@given(graphs())
def test_the_same_blocks_are_visited(graph):
    edges, choices = graph
    assert executed(edges, choices) == walked(edges, choices)


def test_a_long_chain_of_checks_stays_flat():
    blocks = {}
    for number in range(0, 3_000, 2):
        blocks[number] = Block([], [number + 1, number + 2], condition=f"v != {number}")
        blocks[number] = Block([], [number + 2, number + 1], condition=f"v != {number}")
        blocks[number + 1] = Block([f"return {number}"])
    blocks[3_000] = Block(["return -1"])
    names = {}
    exec("\n".join(["def f(v):", *flatten(structured(blocks))]), names)  # noqa: S102
    assert [names["f"](value) for value in (0, 1_000, 2_998, 5)] == [0, 1_000, 2_998, -1]


def test_deep_nesting_becomes_a_loop():
    blocks = {}
    depth = 200
    for number in range(depth):
        blocks[number] = Block([], [number + 1, depth + 1], condition=f"v > {number}")
    blocks[depth] = Block(["x = 1"], [depth + 2])
    blocks[depth + 1] = Block(["x = 2"], [depth + 2])
    blocks[depth + 2] = Block(["return x"])
    names = {}
    exec("\n".join(["def f(v):", *flatten(structured(blocks))]), names)  # noqa: S102
    assert (names["f"](500), names["f"](100)) == (1, 2)
