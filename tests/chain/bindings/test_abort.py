"""Abort codes become the contract's own words, read from the compiled package."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.bindings.abort import AbortReason, AbortTable, abort_table, own_words
from chain.errors import PayloadError
from tools.generate_contract_words import WORDS, render

from .conftest import SOURCES

TABLE = AbortTable({"request": (b"x", b"ENotOwner", b"the sender is not the token's owner")})
CODE = 1 << 63 | 41 << 32 | 1 << 16 | 2


def test_a_code_of_the_compiler_becomes_words():
    reason = TABLE.reason("request", CODE)
    assert reason == AbortReason("request", "ENotOwner", "the sender is not the token's owner", 41)
    assert str(reason) == "the sender is not the token's owner"


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("request", 5),
        ("request", None),
        ("coin", CODE),
        (None, CODE),
        ("request", 1 << 63 | 1 << 16 | 3),
        ("request", 1 << 63 | 1 << 16 | 0xFFFF),
    ],
)
def test_other_codes_have_no_words(module, code):
    assert TABLE.reason(module, code) is None


def test_a_reason_without_name_keeps_its_words():
    reason = TABLE.reason("request", 1 << 63 | 0xFFFF << 16 | 2)
    assert reason is not None
    assert reason.name == ""


@pytest.mark.toolchain
def test_every_error_of_the_sources_is_in_the_compiled_package(compiled_modules):
    table = abort_table(compiled_modules)
    found = 0
    for path in SOURCES.glob("*.move"):
        for name, words in re.findall(r'#\[error\]\nconst (\w+): vector<u8> = b"([^"]+)";', path.read_text()):
            pool = table.constants[path.stem]
            code = 1 << 63 | 7 << 32 | pool.index(name.encode()) << 16 | pool.index(words.encode())
            assert table.reason(path.stem, code) == AbortReason(path.stem, name, words, 7)
            found += 1
    assert found > 60


@pytest.mark.toolchain
def test_the_words_in_the_measured_code_are_those_of_the_sources(compiled_modules):
    assert WORDS.read_text() == render(compiled_modules), "run python tools/generate_contract_words.py"
    own, compiled = own_words(), abort_table(compiled_modules)
    for module, pool in compiled.constants.items():
        for index, constant in enumerate(pool):
            if constant.decode("ascii", "replace").isprintable():
                code = 1 << 63 | 0xFFFF << 16 | index
                assert own.reason(module, code) == compiled.reason(module, code)


@pytest.mark.toolchain
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_module_is_refused_or_read_but_never_breaks(compiled_modules, data):
    module = bytearray(data.draw(st.sampled_from(compiled_modules)))
    for _ in range(data.draw(st.integers(1, 4))):
        module[data.draw(st.integers(0, min(len(module) - 1, 200)))] = data.draw(st.integers(0, 255))
    try:
        table = abort_table([bytes(module)])
    except PayloadError:
        return
    assert len(table.constants) == 1


@pytest.mark.parametrize("module", [b"", b"\0" * 40, bytes.fromhex("a11ceb0b") + b"\x06\0\0\0\xff"])
def test_what_is_no_module_is_refused(module):
    with pytest.raises(PayloadError, match="no Move module"):
        abort_table([module])
