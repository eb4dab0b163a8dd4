"""Every abort constant of the contract is the expected failure of at least one Move test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "move" / "k3s_daas" / "sources"
MOVE_TESTS = ROOT / "move" / "k3s_daas" / "tests"

_UNREAD = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_MODULE = re.compile(r"^module k3s_daas::(\w+);", re.MULTILINE)
_CONSTANT = re.compile(r"((?:#\[[^\]]*\]\s*)*)const (E[A-Z][a-z]\w*)\s*:")
_EXPECTED = re.compile(
    r"#\[test,\s*expected_failure\(abort_code = (?:::)?(\w+)::(\w+)::(E\w+)\)\]\s*fun (\w+)\(\)",
)


def module_of(text: str) -> str:
    found = _MODULE.search(text)
    assert found, "a source without module"
    return found[1]


def constants(text: str) -> dict[str, str]:
    """The abort constants of a source, each with the attributes before it."""
    return {name: attributes for attributes, name in _CONSTANT.findall(_UNREAD.sub("", text))}


def sources() -> list[str]:
    return [path.read_text() for path in sorted(SOURCES.glob("*.move"))]


def declared() -> set[tuple[str, str]]:
    return {(module_of(text), name) for text in sources() for name in constants(text)}


def expected(texts: list[str]) -> dict[tuple[str, str], list[str]]:
    """The tests that expect to fail, by the module and the constant that they expect."""
    found: dict[tuple[str, str], list[str]] = {}
    for text in texts:
        for package, module, name, test in _EXPECTED.findall(_UNREAD.sub("", text)):
            if package == "k3s_daas":
                found.setdefault((module, name), []).append(test)
    return found


def move_tests() -> list[str]:
    return [path.read_text() for path in sorted(MOVE_TESTS.glob("*.move"))]


def test_every_abort_constant_is_expected_by_a_test():
    assert len(declared()) > 100
    assert sorted(declared() - set(expected(move_tests()))) == []


def test_every_expected_abort_is_declared():
    assert sorted(set(expected(move_tests())) - declared()) == []


def test_every_expected_failure_names_its_constant():
    """A test that expects just any failure would pass when something else goes wrong."""
    text = "\n".join(_UNREAD.sub("", each) for each in move_tests())
    assert len(re.findall(r"\bexpected_failure\b", text)) == len(_EXPECTED.findall(text))


def test_every_abort_constant_has_words_and_is_used():
    for text in sources():
        plain = _UNREAD.sub("", text)
        for name, attributes in constants(text).items():
            assert "#[error]" in attributes, f"{module_of(text)}::{name} has no words"
            assert len(re.findall(rf"\b{name}\b", plain)) > 1, f"{module_of(text)}::{name} is never used"


def test_nothing_aborts_without_a_constant():
    for text in sources():
        plain = re.sub(r'b"(?:\\.|[^"\\])*"', '""', _UNREAD.sub("", text))
        for condition in re.findall(r"\babort\b\s*([^\s;}]+)", plain):
            assert condition in constants(text)
        assert len(re.findall(r"\bassert!\(", plain)) == len(
            re.findall(r"\bassert!\((?:[^;]*?),\s*E[A-Z]\w*,?\s*\)", plain)
        )


def test_a_missing_test_is_found():
    source = 'module k3s_daas::toy;\n#[error]\nconst EToy: vector<u8> = b"words";\n// const EOld: u64 = 1;\n'
    spoilt = "// #[test, expected_failure(abort_code = ::k3s_daas::toy::EToy)]\n// fun a_test() {}\n"
    good = "#[test, expected_failure(abort_code = ::k3s_daas::toy::EToy)]\nfun a_test() {}\n"
    assert set(constants(source)) == {"EToy"}
    assert expected([spoilt]) == {}
    assert expected([good]) == {("toy", "EToy"): ["a_test"]}
