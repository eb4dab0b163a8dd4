"""Attestation documents on the ledger: origin alone is checked, against the roots that the ledger was given."""

import random

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from attestation.nsm import NsmClient
from attestation.sim.device import Measured, SimulatedNsm
from attestation.sim.pki import make_root
from localnet.ledger import StateError
from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.effects import MoveAbort, Success
from sui.transaction import NO_EXPIRATION, GasData, Shared, TransactionData
from sui.type_tag import SUI_FRAMEWORK
from sui.types import Address

START_MS = 1_700_000_000_000
PUBLIC_KEY = bytes(range(32))
CLOCK = Shared(Address.parse("0x6"), 1, mutable=False)


class Direct:
    """The way to a device in this process."""

    def __init__(self, device):
        self.device = device

    def exchange(self, request):
        return self.device.handle(request)


@pytest.fixture
def root():
    return make_root(START_MS)


@pytest.fixture
def document(root):
    measured = Measured(b"\1" * 48, b"\2" * 48, b"\3" * 48)
    device = SimulatedNsm(root, measured, lambda: START_MS, random.Random(1).randbytes)
    return NsmClient(Direct(device)).attest(public_key=PUBLIC_KEY, nonce=b"n" * 32)


def load(world, alice, document):
    builder = ProgrammableBuilder()
    loaded = builder.move_call(
        SUI_FRAMEWORK,
        "nitro_attestation",
        "load_nitro_attestation",
        [builder.pure_value(bcs.BYTES, document), builder.obj(CLOCK)],
    )
    world.call(builder, "attested", loaded)
    gas = GasData((), alice.address, 0, 0)
    return world.ledger.simulate(TransactionData(builder.finish(), alice.address, gas, NO_EXPIRATION)), builder


def test_a_document_is_read_and_may_go_to_a_public_function(opened, alice, root, document):
    for given in (root.der, root.certificate.public_bytes(Encoding.PEM)):
        world = opened(trust_roots=[given])
        world.publish(alice)
        done, builder = load(world, alice, document)
        assert isinstance(done.effects.status, Success), done.effects.status
        [value] = done.command_outputs[1].return_values
        assert value.bcs == bytes([6 + 32, 0, 1, 2, 3, 4, 8]) + PUBLIC_KEY
        assert 10_000 * 1000 < done.effects.gas_used.computation_cost < 20_000 * 1000
        world.ok(alice, builder)


@pytest.mark.parametrize(
    ("spoil", "hours", "code"),
    [
        (lambda d: d, 0, None),
        (lambda d: d[:-1], 0, 1),
        (lambda d: d[:-1] + bytes([d[-1] ^ 1]), 0, 2),
        (lambda d: d, 24, 2),
        (lambda d: d, 1, None),
    ],
)
def test_what_is_refused_and_with_which_code(opened, alice, root, document, spoil, hours, code):  # noqa: PLR0917
    world = opened(trust_roots=[root.der])
    world.publish(alice)
    world.now[0] += hours * 3_600_000
    status = load(world, alice, spoil(document))[0].effects.status
    if code is None:
        assert isinstance(status, Success)
    else:
        assert isinstance(status.error, MoveAbort)
        assert (status.error.location.module.name, status.error.code) == ("nitro_attestation", code)


@pytest.mark.parametrize("others", [True, False])
def test_other_roots_and_no_roots_trust_nothing(opened, alice, document, others):
    world = opened(trust_roots=[make_root(START_MS, name="another").der] if others else [])
    world.publish(alice)
    assert load(world, alice, document)[0].effects.status.error.code == 2


def test_a_root_that_is_none_is_refused_at_the_start(opened):
    with pytest.raises(StateError, match="trust root cannot be read"):
        opened(trust_roots=[b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"])
