"""Gives a control-flow graph the shape of Python source.

A block with one predecessor is written where it is reached; a block where branches meet is written behind the branch
that dominates it, and both arms fall through to it. What does not fit this shape (loop heads, irreducible or very
deep code) becomes a *root*: a case of one loop, reached by `pc = n` and `continue`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Lines: TypeAlias = list["str | Lines"]

_DEEPEST = 40
_LONGEST_CHAIN = 250
_COPIED_LINES = 6


@dataclass(slots=True)
class Block:
    """A basic block as lines of Python and where it goes.

    `condition` with two targets is a branch (true, false); `switch` with many a jump by number; no targets: it left.
    """

    lines: list[str]
    targets: list[int] = field(default_factory=list)
    condition: str = ""
    switch: str = ""


def structured(blocks: dict[int, Block]) -> Lines:
    """Return the whole body; the entry is block 0."""
    graph = _Graph(blocks)
    roots = graph.loop_heads
    while True:
        writer = _Writer(graph, roots)
        body = writer.body()
        if not writer.found:
            return body
        roots = roots | writer.found


def flatten(lines: Lines, indent: int = 1) -> list[str]:
    """Return nested lines with indentation."""
    out: list[str] = []
    for line in lines:
        if isinstance(line, str):
            out.append(" " * indent + line)
        else:
            out.extend(flatten(line, indent + 1))
    return out


class _Graph:
    """Order, predecessors, loop heads and dominators of the blocks that can be reached."""

    def __init__(self, blocks: dict[int, Block]) -> None:
        self.blocks = blocks
        self.order = self._reverse_postorder()
        self.rank = {block: index for index, block in enumerate(self.order)}
        self.predecessors: dict[int, list[int]] = {block: [] for block in self.order}
        for block in self.order:
            for target in dict.fromkeys(blocks[block].targets):
                self.predecessors[target].append(block)
        self.loop_heads = frozenset(
            block
            for block in self.order
            if any(self.rank[source] >= self.rank[block] for source in self.predecessors[block])
        )
        self.children = self._dominated()

    def _reverse_postorder(self) -> list[int]:
        seen = {0}
        finished: list[int] = []
        stack: list[tuple[int, int]] = [(0, 0)]
        while stack:
            block, position = stack.pop()
            targets = self.blocks[block].targets
            if position < len(targets):
                stack.append((block, position + 1))
                target = targets[position]
                if target not in seen:
                    seen.add(target)
                    stack.append((target, 0))
            else:
                finished.append(block)
        finished.reverse()
        return finished

    def _dominated(self) -> dict[int, list[int]]:
        parent = {0: 0}
        changed = True
        while changed:
            changed = False
            for block in self.order[1:]:
                known = [source for source in self.predecessors[block] if source in parent]
                best = known[0]
                for other in known[1:]:
                    best = self._common(parent, best, other)
                if parent.get(block) != best:
                    parent[block] = best
                    changed = True
        children: dict[int, list[int]] = {block: [] for block in self.order}
        for block in self.order[1:]:
            children[parent[block]].append(block)
        return children

    def _common(self, parent: dict[int, int], one: int, other: int) -> int:
        while one != other:
            while self.rank[one] > self.rank[other]:
                one = parent[one]
            while self.rank[other] > self.rank[one]:
                other = parent[other]
        return one


class _Writer:
    """One attempt with a given set of roots; `found` are blocks that have to become roots too."""

    def __init__(self, graph: _Graph, roots: frozenset[int]) -> None:
        self._graph = graph
        self._roots = roots
        self.found: set[int] = set()

    def body(self) -> Lines:
        if not self._roots:
            return self._block(0, None, 0, 0)[0]
        cases = [0, *sorted(self._roots - {0})]
        inner: Lines = []
        if len(cases) > 8:
            inner = self._search(cases)
        else:
            for case in cases[:-1]:
                inner += [f"if pc == {case}:", self._block(case, None, 1, 0)[0]]
            inner += self._block(cases[-1], None, 1, 0)[0]
        return ["pc = 0", "while True:", inner]

    def _search(self, cases: list[int]) -> Lines:
        if len(cases) == 1:
            return self._block(cases[0], None, 8, 0)[0]
        middle = len(cases) // 2
        return [f"if pc < {cases[middle]}:", self._search(cases[:middle]), "else:", self._search(cases[middle:])]

    def _meets(self, block: int) -> bool:
        return len(self._graph.predecessors[block]) > 1 and block not in self._roots and not self._copied(block)

    def _copied(self, block: int) -> bool:
        content = self._graph.blocks[block]
        return not content.targets and len(content.lines) <= _COPIED_LINES

    def _block(self, block: int, follow: int | None, indent: int, chain: int) -> tuple[Lines, bool]:
        """Return a block with what it dominates, and whether control falls out of its end (to `follow`)."""
        out: Lines = [*self._graph.blocks[block].lines]
        meets = sorted(filter(self._meets, self._graph.children[block]), key=self._graph.rank.__getitem__)
        lines, falls = self._end(block, meets[0] if meets else follow, indent, chain)
        out += lines
        for position, meeting in enumerate(meets):
            after = meets[position + 1] if position + 1 < len(meets) else follow
            lines, falls = self._block(meeting, after, indent, chain + 1)
            out += lines
        return out, falls

    def _go(self, target: int, follow: int | None, indent: int, chain: int) -> tuple[Lines, bool]:
        if target == follow:
            return [], True
        if target not in self._roots:
            single = len(self._graph.predecessors[target]) == 1 or self._copied(target)
            if single and indent < _DEEPEST and chain < _LONGEST_CHAIN:
                return self._block(target, follow, indent, chain + 1)
            self.found.add(target)
        return [f"pc = {target}", "continue"], False

    def _end(self, block: int, follow: int | None, indent: int, chain: int) -> tuple[Lines, bool]:
        content = self._graph.blocks[block]
        if not content.targets:
            return [], False
        if content.switch:
            return self._switch(content, follow, indent, chain)
        if not content.condition:
            return self._go(content.targets[0], follow, indent, chain)
        yes, yes_falls = self._go(content.targets[0], follow, indent + 1, chain)
        no, no_falls = self._go(content.targets[1], follow, indent + 1, chain)
        if not yes_falls and (no_falls or len(str(yes)) <= len(str(no))):
            return [f"if {content.condition}:", yes, *no], no_falls
        if not no_falls:
            return [f"if not {content.condition}:", no, *yes], yes_falls
        if yes and no:
            return [f"if {content.condition}:", yes, "else:", no], True
        if yes:
            return [f"if {content.condition}:", yes], True
        return ([f"if not {content.condition}:", no] if no else []), True

    def _switch(self, content: Block, follow: int | None, indent: int, chain: int) -> tuple[Lines, bool]:
        out: Lines = [f"k = {content.switch}"]
        falls_at_all = False
        last = len(content.targets) - 1
        for number, target in enumerate(content.targets):
            lines, falls = self._go(target, follow, indent + 1, chain)
            falls_at_all = falls_at_all or falls
            head = "else:" if number == last and last else f"{'el' if number else ''}if k == {number}:"
            out += [head, lines or ["pass"]]
        return out, falls_at_all
