"""The contract's Move sources, parsed, for tests that compare the bindings with them."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "move" / "k3s_daas" / "sources"
_STRUCT = re.compile(r"public struct (\w+) has [\w, ]+ \{(.*?)\n\}", re.DOTALL)
_FUNCTION = re.compile(
    r"^(public |public\(package\) |entry |public\(package\) entry )?fun (\w+)\((.*?)\)(?:: ([^{]+))? \{",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class MoveFunction:
    """A function as its source declares it; TxContext is left out of the parameters."""

    visibility: str
    parameters: tuple[str, ...]
    context: str
    body: str


@dataclass(frozen=True)
class MoveModule:
    """Structs and functions of one module."""

    structs: dict[str, tuple[tuple[str, str], ...]]
    functions: dict[str, MoveFunction]


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in _split(text):
        name, _, kind = part.partition(":")
        pairs.append((name.strip(), " ".join(kind.split())))
    return tuple(pairs)


def parse_module(text: str) -> MoveModule:
    text = re.sub(r"//.*", "", text)
    text = re.sub(r"#\[test_only\]\s*public fun.*?\n\}", "", text, flags=re.DOTALL)
    structs = {name: _pairs(body) for name, body in _STRUCT.findall(text)}
    functions = {}
    for found in _FUNCTION.finditer(text):
        visibility, name, given, _ = found.groups()
        kinds = [kind for _, kind in _pairs(given)]
        functions[name] = MoveFunction(
            visibility=(visibility or "").strip(),
            parameters=tuple(kind for kind in kinds if "TxContext" not in kind),
            context="".join(kind for kind in kinds if "TxContext" in kind),
            body=text[found.end() : text.find("\n}\n", found.end())],
        )
    return MoveModule(structs, functions)


@pytest.fixture(scope="session")
def move_modules() -> dict[str, MoveModule]:
    """Every module of the contract by name, read from its sources."""
    return {path.stem: parse_module(path.read_text()) for path in sorted(SOURCES.glob("*.move"))}
