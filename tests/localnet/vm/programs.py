"""Random Move functions: integers, branches, loops, vectors, structs, references, by a seed."""

from __future__ import annotations

import random

INTEGERS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "u128": 128, "u256": 256}
VARIABLES = {
    "a": "u8",
    "b": "u64",
    "c": "bool",
    "d": "u16",
    "e": "u128",
    "f": "u256",
    "g": "u32",
    "h": "u64",
}
HEAD = """module corpus::programs;

public struct Part has copy, drop, store { x: u64, y: u8, z: vector<u64> }

public struct Out has copy, drop {
    a: u8, b: u64, c: bool, d: u16, e: u128, f: u256, g: u32, h: u64, v: vector<u64>, p: Part, q: vector<Part>,
}

fun bump(n: &mut u64, by: u64): u64 { *n = *n ^ by; *n }

fun grow(p: &mut Part, n: u64): bool { p.z.push_back(n); p.x = p.x ^ n; p.z.length() > 3 }

fun pick(v: &vector<u64>, i: u64): u64 { v[i % v.length()] }
"""


class Program:
    """Writes one function."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._loops = 0

    def _choose(self, *options):
        return self._random.choice(options)

    def _literal(self, kind: str) -> str:
        top = (1 << INTEGERS[kind]) - 1
        return f"{self._choose(0, 1, 2, 3, 7, 100, top, top // 2, self._random.randint(0, top))}{kind}"

    def number(self, kind: str, depth: int) -> str:
        if depth <= 0:
            names = [name for name, of in VARIABLES.items() if of == kind]
            return self._choose(*names, *names, self._literal(kind))
        form = self._random.randint(0, 11)
        if form < 5:
            sign = self._choose("+", "-", "*", "/", "%", *("^&|" * 5))
            return f"({self.number(kind, depth - 1)} {sign} {self.number(kind, depth - 1)})"
        if form < 6:
            by = self._random.randint(0, min(INTEGERS[kind] + 1, 255))
            return f"({self.number(kind, depth - 1)} {self._choose('<<', '>>')} {by}u8)"
        if form < 8:
            other = self._choose(*INTEGERS)
            bound = "" if self._random.random() < 0.1 else " % 200"
            return f"(({self.number(other, depth - 1)}{bound}) as {kind})"
        if form < 9:
            return f"(if ({self.truth(depth - 1)}) {self.number(kind, depth - 1)} else {self.number(kind, depth - 1)})"
        if kind == "u64":
            return self._choose(
                "v.length()", "p.x", "pick(&v, b)", "pick(&p.z, h)", "bump(&mut h, 5)", "q[0].x", "v[0]"
            )
        return self.number(kind, 0)

    def truth(self, depth: int) -> str:
        if depth <= 0:
            # No literals: a condition that folds leaves dead code.
            return self._choose("c", "(b < h)", "(a > 3)")
        form = self._random.randint(0, 5)
        if form < 3:
            kind = self._choose(*INTEGERS)
            sign = self._choose("<", ">", "<=", ">=", "==", "!=")
            variable = self._choose(*[name for name, of in VARIABLES.items() if of == kind])
            return f"(({variable} ^ {self.number(kind, depth - 1)}) {sign} {self.number(kind, depth - 1)})"
        if form < 4:
            return f"({self.truth(depth - 1)} {self._choose('&&', '||', '==', '!=')} {self.truth(depth - 1)})"
        return self._choose(
            f"(!{self.truth(depth - 1)})", "(v == p.z)", "(&p == &q[0])", "grow(&mut p, b)", "(q.length() > 2)"
        )

    def statement(self, depth: int) -> list[str]:
        form = self._random.randint(0, 13)
        if form < 4:
            name = self._choose(*VARIABLES)
            kind = VARIABLES[name]
            value = self.truth(2) if kind == "bool" else self.number(kind, 3)
            if value == name:  # The compiler panics on arms that it finds empty.
                value = f"!{name}" if kind == "bool" else f"{name} ^ 1"
            return [f"{name} = {value};"]
        if form < 5:
            return [f"{{ let n = {self.number('u64', 2)}; v.push_back(n); }};"]
        if form < 6:
            value = self.number("u64", 1)
            return [f"{{ let at = b % v.length(); let n = {value}; let r = &mut v[at]; *r = *r ^ n; }};"]
        if form < 7:
            return [
                self._choose(
                    "q.push_back(p);",
                    "p.z = v;",
                    "{ let n = h; q[0].z.push_back(n); };",
                    "let old = p; q[0] = old; p.y = p.y ^ 1;" if depth < 0 else "*&mut q[0] = p;",
                    "p = *&q[0];",
                    "{ let at = b % v.length(); v.swap(0, at); };",
                    "if (v.length() > 2) { h = v.pop_back(); };",
                    "{ let Part { x, y, z } = p; h = x ^ h; a = y; v = z; v.push_back(1); };",
                    "{ let r = if (c) &mut b else &mut h; *r = *r / 2; };",
                    "{ let r = &mut q[0].x; *r = bump(r, 9) ^ 1; };",
                )
            ]
        if depth <= 0:
            return ["b = b ^ 1;"]
        if form < 11:
            yes, no = self.block(depth - 1), self.block(depth - 1)
            if self._choose(True, False):
                return [f"if ({self.truth(2)}) {{", *yes, "} else {", *no, "};"]
            return [f"if ({self.truth(2)}) {{", *yes, "};"]
        if form < 13:
            self._loops += 1
            counter = f"i{self._loops}"
            leave = self._choose("break", "continue", "h = h ^ 3")
            return [
                f"let mut {counter} = 0u64;",
                f"while ({counter} < {self._random.randint(1, 5)}) {{",
                f"    {counter} = {counter} + 1;",
                *self.block(depth - 1),
                f"    if ({self.truth(1)}) {leave};",
                *self.block(depth - 1),
                "};",
            ]
        return [f"assert!({self.truth(2)}, {self._random.randint(1, 99)});"]

    def block(self, depth: int) -> list[str]:
        lines = [line for _ in range(self._random.randint(1, 3)) for line in self.statement(depth)]
        return [f"    {line}" for line in lines]

    def function(self, name: str) -> str:
        body = [line for _ in range(self._random.randint(3, 7)) for line in self.statement(2)]
        parameters = ", ".join(f"mut {variable}: {kind}" for variable, kind in VARIABLES.items())
        return "\n".join(
            [
                f"public fun {name}({parameters}): Out {{",
                "    let mut v = vector[1u64, 2, 3];",
                "    let mut p = Part { x: b, y: a, z: vector[h, 4] };",
                "    let mut q = vector[p];",
                *(f"    {line}" for line in body),
                "    Out { a, b, c, d, e, f, g, h, v, p, q }",
                "}",
                "",
            ]
        )


def module(seed: int, count: int) -> str:
    """Returns a module with `count` random functions `p0`, `p1`, …"""
    functions = [Program(seed * 10_000 + number).function(f"p{number}") for number in range(count)]
    return "\n".join([HEAD.replace("module corpus", "#[allow(all)]\nmodule corpus"), *functions])


def arguments(seed: int, count: int) -> list[tuple]:
    chosen = random.Random(seed)
    rows = []
    for _ in range(count):
        row = []
        for kind in VARIABLES.values():
            if kind == "bool":
                row.append(chosen.random() < 0.5)
            else:
                bits = chosen.choice((2, 5, INTEGERS[kind] // 2, INTEGERS[kind]))
                row.append(chosen.randrange(1 << bits))
        rows.append(tuple(row))
    return rows
