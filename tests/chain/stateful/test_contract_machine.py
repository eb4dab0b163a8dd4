"""The contract holds what DESIGN promises, whoever does what in which order."""

import pytest

pytestmark = [pytest.mark.toolchain, pytest.mark.timeout(900)]


def test_whoever_does_what(opened, play):
    play(opened(), examples=40, steps=50, fixed=True)


@pytest.mark.slow
def test_whoever_does_what_for_long(opened, play):
    play(opened(), examples=90, steps=80, fixed=False)
