"""What is pending becomes due by the ledger's time, without an event: to the millisecond."""

from dataclasses import replace

import pytest

from chain.bindings.events import K8sViolationStored, SealTokenChanged
from chain.bindings.state import PendingSetting, PendingVersion, Settings, Successor
from chain.errors import TransactionRefusedError
from chain.rules import parse_rules
from gateway.answers import AnswerDesk
from gateway.denials import DenialMemory
from gateway.errors import DeniedError, SupersededError, ViolationError
from gateway.failures import explain
from gateway.identity import GrantDoorkeeper, Identity, OwnerDoorkeeper
from gateway.limits import Limits
from gateway.request_info import parse_request
from gateway.view import SETTLE_MS
from sui.transaction import TRANSACTION_DATA, MoveCall
from sui.types import Address
from tests.gateway.chainworld import ACTIVATED, CHANGED, CODE, STATE, ChainWorld, token_of
from tests.gateway.test_chain_submitter import asked
from tests.gateway.world import CLUSTER, ENCLAVE, NOW_MS, PACKAGE, Owner, World, address

NEWER = Address(b"\x77" * 32)
DUE = NOW_MS + 1_000
NARROW, WIDE = parse_rules(("/pods:default:get",)), parse_rules(("/pods:default:get,list",))


@pytest.fixture
def alice():
    return Owner(21)


@pytest.fixture
def chain(alice):
    world = ChainWorld()
    world.view.apply(ACTIVATED)
    world.own(alice)
    return world


def pending(chain: ChainWorld, **changes: object) -> None:
    """Let an event tell what waits."""
    chain.view.apply(replace(CHANGED, state=replace(STATE, config_version=4, **changes)))


def settings(chain: ChainWorld, now_ms: int) -> Settings:
    found = chain.view.settings_at(now_ms)
    assert found is not None
    return found


def test_settings_hold_from_their_millisecond_on(chain):
    pending(
        chain, pending_settings=(PendingSetting("max_deadline_ms", 90_000, DUE), PendingSetting("min_stake", 0, DUE))
    )
    assert [chain.view.target(at).request_limit_ms for at in (DUE - 1, DUE)] == [60_000, 90_000]
    assert [settings(chain, at).min_stake for at in (DUE - 1, DUE)] == [1, 0]


async def test_what_fits_an_event_grows_when_it_is_due(chain, alice):
    pending(chain, pending_settings=(PendingSetting("request_inline_bytes", 20_000, DUE),))
    payload = b"x" * 15_000
    for time_s, beside in ((0.999, 1), (1.0, 0)):
        chain.time_s = time_s
        await chain.submitter.submit(asked(alice, payload + b"%d" % beside))
        assert len(chain.expected[-1][1]) == beside


async def test_the_newer_package_is_called_from_its_millisecond_on(chain, alice):
    pending(chain, pending_version=PendingVersion(2, NEWER, DUE))
    called = []
    for number, time_s in enumerate((0.999, 1.0)):
        chain.time_s = time_s
        await chain.submitter.submit(asked(alice, b"%d" % number))
        commands = TRANSACTION_DATA.decode(chain.expected[-1][0].transaction).kind.commands
        called.append({each.package for each in commands if isinstance(each, MoveCall)})
    assert called == [{PACKAGE}, {NEWER}]
    assert set(chain.view.packages) == {PACKAGE, NEWER}


def test_a_gateway_that_was_told_which_versions_it_may_call_calls_no_other(chain):
    chain.view.callable = frozenset({PACKAGE})
    pending(chain, pending_version=PendingVersion(2, NEWER, DUE))
    assert chain.view.target(DUE - 1).enclave == ENCLAVE
    with pytest.raises(SupersededError, match=r"cluster\.json does not name"):
        chain.view.target(DUE)


def test_another_operator_in_office_ends_this_enclave_at_once(chain):
    pending(chain, successor=Successor(CLUSTER, DUE, DUE + 5))
    assert chain.view.target(DUE - 1).enclave == ENCLAVE
    with pytest.raises(SupersededError, match="bond"):
        chain.view.target(DUE)
    pending(chain, successor=Successor(CLUSTER, DUE, DUE + 5), settings=replace(STATE.settings, min_bond=0))
    assert chain.view.target(DUE).enclave == ENCLAVE


def test_a_bond_below_the_minimum_is_none_until_a_lower_one_is_due(chain):
    pending(
        chain,
        bond=4,
        settings=replace(STATE.settings, min_bond=5),
        pending_settings=(PendingSetting("min_bond", 4, DUE),),
    )
    with pytest.raises(SupersededError, match="bond"):
        chain.view.target(DUE - 1)
    assert chain.view.target(DUE).enclave == ENCLAVE


def test_a_grant_and_its_owner_get_wider_rules_when_they_are_due(alice):
    world = World()
    world.own(alice)
    state = replace(token_of(alice), rules=NARROW, pending_rules=WIDE, pending_from=DUE)
    tokens = {alice.state.token: state}
    listing = parse_request("GET", "/api/v1/namespaces/default/pods").envelope()
    by_grant = (("Authorization", f"Bearer {alice.bearer(world)}"),)
    keepers = (
        (GrantDoorkeeper(tokens), by_grant),
        (OwnerDoorkeeper(tokens, alice.state.token, "s"), (("Authorization", "Bearer s"),)),
    )
    for keeper, headers in keepers:
        found = [keeper.authenticate(headers, world.target().scope, at) for at in (DUE - 1, DUE)]
        assert [each.allows(listing) for each in found] == [False, True]
        assert found[0].state != found[1].state


def denied_at(chain: ChainWorld, now_ms: int, alice: Owner) -> tuple[DenialMemory, object]:
    memory, state = DenialMemory(4), token_of(alice)
    denied = DeniedError("no stake", "digest", lasting=True)
    memory.remember(alice.state.token, (state, chain.view.target(now_ms).conditions), denied, change=True)
    return memory, state


@pytest.mark.parametrize(
    "waiting",
    [{"pending_settings": (PendingSetting("min_stake", 0, DUE),)}, {"pending_version": PendingVersion(2, NEWER, DUE)}],
)
def test_a_denial_is_not_repeated_once_something_became_due(chain, alice, waiting):
    pending(chain, **waiting)
    for decided, still, no_more in ((NOW_MS, DUE - 1, DUE), (DUE, DUE + SETTLE_MS - 1, DUE + SETTLE_MS)):
        # Decided just after, by our time, it may be of before, by the ledger's: that is not kept for good either.
        memory, state = denied_at(chain, decided, alice)
        assert memory.recall(alice.state.token, (state, chain.view.target(still).conditions), change=True)
        assert not memory.recall(alice.state.token, (state, chain.view.target(no_more).conditions), change=True)


def test_a_denial_is_repeated_as_long_as_nothing_changes(chain, alice):
    memory, state = denied_at(chain, NOW_MS, alice)
    later = chain.view.target(NOW_MS + 10 * SETTLE_MS).conditions
    assert memory.recall(alice.state.token, (state, later), change=True)


NEW_CODE = 1 << 63 | 3 << 32 | 0 << 16 | 1
"""Would be `ERevoked` in the words that the image holds; of a newer package it may mean anything."""


@pytest.mark.parametrize(("revoked", "lasting"), [(False, False), (True, True)])
async def test_of_a_newer_package_code_and_module_are_said_and_our_own_copy_tells_what_lasts(
    chain, alice, revoked, lasting
):
    pending(chain, version=2, code=NEWER)
    state = token_of(alice)
    chain.registry.apply(
        SealTokenChanged(
            state.token, 2, 1, CLUSTER, state.owner, state.public_key, NARROW, (), 0, 5, 0, 2**60, revoked, ""
        )
    )
    chain.contract.aborts["pods"] = ("seal_token", NEW_CODE)
    chain.contract.package = NEWER
    with pytest.raises(DeniedError) as denied:
        await chain.submitter.submit(asked(alice, b"1"))
    assert "revoked" not in denied.value.words
    assert "seal_token" in denied.value.words
    assert str(NEW_CODE) in denied.value.words
    assert denied.value.lasting is lasting


async def test_what_came_just_after_a_version_was_left_may_be_tried_again(chain, alice):
    chain.contract.aborts["pods"] = ("cluster", CODE)
    with pytest.raises(TransactionRefusedError, match="another version of this package; try again"):
        await chain.submitter.submit(asked(alice, b"1"))


def test_a_migrated_token_is_another_state(alice):
    registry = ChainWorld().registry
    told = SealTokenChanged(
        alice.state.token,
        1,
        1,
        CLUSTER,
        alice.state.owner,
        alice.state.public_key,
        NARROW,
        (),
        0,
        0,
        0,
        2**60,
        False,
        "",
    )
    before = registry.apply(told)
    after = registry.apply(replace(told, version=2, revision=2))
    assert before != after
    memory, denied = DenialMemory(4), DeniedError("of another version", "digest", lasting=True)
    memory.remember(alice.state.token, before, denied, change=False)
    assert memory.recall(alice.state.token, before, change=False) is denied
    assert memory.recall(alice.state.token, after, change=False) is None


async def test_a_violation_ends_the_waiting_with_what_it_cost():
    desk, request_id = AnswerDesk(4), address(9)
    desk.deliver(
        K8sViolationStored(
            request_id, CLUSTER, ENCLAVE, 1, 1, 3, address(1), b"hash", NOW_MS, NOW_MS + 5, NOW_MS, 700, b""
        )
    )
    with pytest.raises(ViolationError, match="700 MIST") as caught:
        await desk.wait(request_id, b"hash")
    refused = explain(caught.value, parse_request("GET", "/version"), Limits(), request_id=str(request_id))
    assert refused.status == 400
    assert b"a part of the token's stake was lost" in refused.body
    assert ("Audit-ID", str(request_id)) in refused.headers
    assert not any(name == "Retry-After" for name, _ in refused.headers)


def test_an_identity_that_nobody_widened_keeps_its_state(alice):
    state = token_of(alice)
    assert Identity(state.token, state.owner, None, state.at(DUE)).state is state
