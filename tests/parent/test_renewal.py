"""The parent renews its enclave's registration before it ends, and does not pay for attempts without end."""

import json
from dataclasses import replace

import pytest

from chain.account import Account
from chain.bindings import events as ev
from chain.bindings.arguments import Contract
from chain.configuration import make_configuration
from chain.errors import DeniedError
from parent.errors import RegistrationError
from parent.operator import Operator
from parent.registration import Activated, Bringup
from sui.transaction import MoveCall
from tests.chain import world as w
from tests.parent.test_bringup import CAP, CHALLENGE, QUICK, SETTINGS, TOLD, Ledger, attesting
from wire.vsock import Loopback

LIFE_MS = 1_000_000
RENEWED = ev.EnclaveRenewed(
    enclave=w.ENCLAVE, cluster=w.CLUSTER, challenge=CHALLENGE.object_id, measurement=0, configuration=0,
    document_time=w.NOW, renewed_at=w.NOW, expires_at=w.NOW + 2 * LIFE_MS,
)  # fmt: skip


class Challenging(Operator):
    """An operator whose challenges are there already, and counted."""

    made = 0

    async def challenge(self):
        self.made += 1
        return CHALLENGE


class Clock:
    """A time that a test sets."""

    now = w.NOW

    def __call__(self):
        return self.now


@pytest.fixture
def running(tmp_path):
    """What keeps an active enclave registered, its ledger, its operator, its clock."""
    (tmp_path / "configuration.json").write_text(make_configuration("ledger:9000", plaintext=True).to_json())
    ledger, clock = Ledger(), Clock()
    operator = Challenging(
        Account(ledger, w.OWNER, words=lambda abort: abort.description), Contract.first(w.PACKAGE), w.CLUSTER, CAP
    )

    def at(place):
        settings = replace(SETTINGS, configuration=str(tmp_path / "configuration.json"))
        bringup = Bringup(settings, Loopback(), place, lambda _: None, QUICK, now_ms=clock)
        bringup._operator, bringup._ledger = operator, ledger
        bringup._active = Activated(w.ENCLAVE, 2, w.GATEWAY.address, bringup._renewal(w.NOW + LIFE_MS))
        return bringup

    return at, ledger, operator, clock


def answers():
    return attesting(attestation=b"document", identity=json.dumps(TOLD).encode())


async def test_a_registration_is_renewed_in_the_last_quarter_of_its_life(running):
    at, ledger, operator, clock = running
    ledger.says = {"renew": [RENEWED]}
    async with answers() as place:
        bringup = at(place)
        clock.now = w.NOW + LIFE_MS * 3 // 4 - 1
        assert await bringup.keep_registered() is False
        assert (operator.made, ledger.sent) == (0, [])
        clock.now += 1
        assert await bringup.keep_registered() is True
        [kind] = ledger.sent
        assert [c.function for c in kind.commands if isinstance(c, MoveCall)] == ["load_nitro_attestation", "renew"]
        # The next one is due in the last quarter of the new life.
        clock.now = w.NOW + 2 * LIFE_MS - (2 * LIFE_MS - LIFE_MS * 3 // 4) // 4 - 1
        assert await bringup.keep_registered() is False
        clock.now += 1
        assert await bringup.keep_registered() is True


async def test_a_refused_renewal_is_tried_again_after_a_pause_only(running, monkeypatch):
    at, _, operator, clock = running

    async def refuse(*_):
        raise DeniedError("the enclave is revoked", digest=None)

    monkeypatch.setattr(operator, "renew", refuse)
    async with answers() as place:
        bringup = at(place)
        clock.now = w.NOW + LIFE_MS
        with pytest.raises(RegistrationError, match="revoked"):
            await bringup.keep_registered()
        clock.now += int(QUICK.renewal_retry_seconds * 1000) - 1
        assert await bringup.keep_registered() is False
        assert operator.made == 1
        clock.now += 1
        with pytest.raises(RegistrationError, match="revoked"):
            await bringup.keep_registered()
        assert operator.made == 2


async def test_without_an_active_enclave_nothing_is_renewed(running):
    at, _, operator, _ = running
    bringup = at("127.0.0.1:1")
    bringup._active = None
    assert await bringup.keep_registered() is False
    bringup._active = Activated(w.ENCLAVE, 2, w.GATEWAY.address)
    assert await bringup.keep_registered() is False
    assert operator.made == 0
