"""The machine fails where the contract is broken: each test takes one rule out, or pays somebody else."""

import pytest

pytestmark = [pytest.mark.toolchain, pytest.mark.slow, pytest.mark.timeout(900)]

UNSIGNED = (
    "answer.move",
    "signature.length() == SIGNATURE_BYTES && ed25519::ed25519_verify(signature, enclave.public_key(), signed),",
    "signature.length() == SIGNATURE_BYTES || ed25519::ed25519_verify(signature, enclave.public_key(), signed),",
)
FAULTS = {
    "an answer that nobody signed is stored": UNSIGNED,
    "a receipt's deposit goes elsewhere": (
        "answer.move",
        "request::give(deposit, enclave.sui_address(), ctx);",
        "request::give(deposit, NOBODY, ctx);",
    ),
    "an expired request's deposit goes to whoever ends it": (
        "request.move",
        "give(deposit, terms.sender, ctx);",
        "give(deposit, ctx.sender(), ctx);",
    ),
    "a looser setting holds at once": (
        "settings.move",
        "if (loosens(name.as_bytes(), before, value) && due > now) {",
        "if (loosens(name.as_bytes(), before, value) && due < now) {",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(opened, play, fault):
    with pytest.raises(AssertionError):
        play(opened(FAULTS[fault]), examples=150, steps=60, fixed=True, shrink=False)
