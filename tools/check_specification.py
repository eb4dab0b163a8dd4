"""Check SPECIFICATION.md: every promise has its number, and it and every row of a table name tests that exist.

Standard library only; it runs no test. A test is named as `path::test_name`, or `path::Class::test_name`: in Python
files it is looked up in the syntax tree, in Move files by its `#[test]` attribute. A table whose last column is `test`
names one in each row.

    python tools/check_specification.py      # 0: all is well; 1: what is wrong, a line each
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPECIFICATION = ROOT / "SPECIFICATION.md"
NOT_HELD = "Not held by a test yet"

_PROMISE = re.compile(r"^- \*\*P-(\d+)\*\* ")
_NAMED = re.compile(r"`([\w./-]+\.(?:py|move))::([\w:]+)`")
_TESTED_TABLE = re.compile(r"^\|.*\|\s*test\s*\|$")
_RULER = re.compile(r"^[|\s:-]+$")
_MOVE_TEST = re.compile(r"#\[test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:public\s+)?fun\s+(\w+)")


def python_tests(source: str) -> set[str]:
    """Names of all tests in a Python file; one inside a class is written `Class::test`."""
    body = ast.parse(source).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    return _functions(body) | {f"{each.name}::{name}" for each in classes for name in _functions(each.body)}


def move_tests(source: str) -> set[str]:
    """Names of all tests in a Move file."""
    return set(_MOVE_TEST.findall(source))


def problems(text: str, root: Path = ROOT) -> list[str]:
    """Say all that is wrong with a specification; each entry names its promise, or the row of its table."""
    wrong: list[str] = []
    known: dict[str, set[str]] = {}
    section, expected, in_table = "", 1, False
    for line in text.splitlines():
        if line.startswith("## "):
            section = line[3:].strip()
        head = _PROMISE.match(line)
        named = _NAMED.findall(line)
        starts = _TESTED_TABLE.match(line) is not None
        in_table = starts or (in_table and line.startswith("|"))
        if in_table:
            if not (named or starts or _RULER.match(line)):
                wrong.append(f"a row names no test: {line[:80]}")
            wrong += _absent(line[:40], named, known, root)
        elif head is None:
            if named:
                wrong.append(f"a test is named outside a promise: {line.strip()[:80]}")
        else:
            number = int(head[1])
            if number != expected:
                wrong.append(f"P-{number}: the number should be P-{expected}")
            expected = number + 1
            if section == NOT_HELD and named:
                wrong.append(f"P-{number}: it names a test, so it does not belong under {NOT_HELD!r}")
            if section != NOT_HELD and not named:
                wrong.append(f"P-{number}: it names no test; it belongs under {NOT_HELD!r}")
            wrong += _absent(f"P-{number}", named, known, root)
    if expected == 1:
        wrong.append("there is no promise at all")
    return wrong


def _absent(where: str, named: list[tuple[str, str]], known: dict[str, set[str]], root: Path) -> list[str]:
    absent: list[str] = []
    for path, test in named:
        if path not in known:
            known[path] = _tests(root / path)
        if test not in known[path]:
            absent.append(f"{where}: there is no test {path}::{test}")
    return absent


def _functions(body: list[ast.stmt]) -> set[str]:
    functions = (node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name for node in functions if node.name.startswith("test_")}


def _tests(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    source = path.read_text(encoding="utf-8")
    return python_tests(source) if path.suffix == ".py" else move_tests(source)


def main() -> int:
    """Check the specification; print what is wrong."""
    found = problems(SPECIFICATION.read_text(encoding="utf-8"))
    for problem in found:
        print(f"SPECIFICATION.md: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
