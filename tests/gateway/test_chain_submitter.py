"""Submissions over the ledger in memory: real transactions, digests, signatures and events."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from chain.errors import LedgerUnreachableError, OutcomeUnknownError, TransactionRefusedError
from chain.grants import GrantScope, make_bearer
from chain.ledger import LedgerObject
from chain.payload import sealed_hash
from chain.rules import Envelope, parse_rules
from gateway.errors import AnswerError, DeniedError, GasError, LocalError, OverdueError, SupersededError
from gateway.identity import Identity
from gateway.limits import Limits
from gateway.ports import Submission
from sui.digests import derive_object_id, transaction_digest
from sui.effects import IdNone, InputNotExist, ObjectChange, ObjectWrite
from sui.keys import verify_user_signature
from sui.transaction import TRANSACTION_DATA, MoveCall
from sui.types import Address, AddressOwner, Digest, ObjectRef
from tests.gateway.chainworld import ACTIVATED, CHANGED, CODE, KEY, LATE, ChainWorld, stored, token_of
from tests.gateway.world import CHAIN_ID, CLUSTER, ENCLAVE, NOW_MS, PACKAGE, Owner


@pytest.fixture
def chain() -> ChainWorld:
    world = ChainWorld()
    world.view.apply(ACTIVATED)
    return world


@pytest.fixture
def alice(chain) -> Owner:
    return chain.own(Owner(11))


def asked(owner: Owner, sealed: bytes, *, resource="pods", key=None, deadline=NOW_MS + 60_000, stream=False):
    bearer = make_bearer(
        GrantScope(CHAIN_ID, PACKAGE, CLUSTER, KEY.address),
        owner.state.token,
        secret=owner.secret,
        not_before=NOW_MS - 1,
        expires_at=NOW_MS + 1,
        sign=owner.key.sign,
        rules=owner.narrowed,
    )
    identity = Identity(owner.state.token, owner.state.owner, bearer, token_of(owner))
    envelope = Envelope("get", "", resource, "", "default")
    return Submission(identity, envelope, ENCLAVE, sealed, sealed_hash(sealed), deadline, stream, key)


async def test_a_submission_becomes_a_transaction_that_the_executor_knew_before(chain, alice):
    submission = asked(alice, b"sealed" * 100)
    accepted = await chain.submitter.submit(submission)
    (signed, payloads) = chain.expected[0]
    assert accepted.digest == signed.digest == transaction_digest(signed.transaction)
    assert verify_user_signature(signed.signature, signed.transaction) == KEY.address
    assert accepted.request_id == derive_object_id(signed.digest, 0)
    assert accepted.answer_until_ms == submission.deadline_ms + 30_000
    assert payloads == ()
    assert not chain.coins.leases


async def test_the_signer_is_told_what_is_left_in_the_coin(chain, alice):
    after = ObjectRef(Address(b"\x33" * 32), 2, Digest(b"\x06" * 32))
    execute = chain.ledger.execute

    async def with_coin(transaction, signatures):
        done = await execute(transaction, signatures)
        owner = AddressOwner(KEY.address)
        change = ObjectChange(after.object_id, InputNotExist(), ObjectWrite(after.digest, owner), IdNone())
        effects = replace(done.effects, gas_object_index=0, lamport_version=2, changed_objects=(change,))
        return replace(done, effects=effects)

    chain.ledger.execute = with_coin
    await chain.submitter.submit(asked(alice, b"1"))
    assert chain.coins.settled == [(0, after)]
    assert chain.coins.balances == [50_000_000 - 1_000_000]


async def test_a_large_payload_goes_beside_the_chain(chain, alice):
    small, large = b"s" * 8192, b"l" * 8193
    await asyncio.gather(chain.submitter.submit(asked(alice, small)), chain.submitter.submit(asked(alice, large)))
    assert chain.expected[0][1] == (large,)
    executed = chain.ledger.transactions[chain.expected[0][0].digest]
    assert small in executed.events[0].contents
    assert large[:100] not in executed.events[1].contents


async def test_a_payload_of_several_chunks_is_cut(chain, alice):
    settings = replace(chain.view.state.settings, request_inline_bytes=100_000)
    chain.view.state = replace(chain.view.state, settings=settings)
    accepted = await chain.submitter.submit(asked(alice, b"x" * 40_000))
    assert accepted.request_id == derive_object_id(accepted.digest, 0)


async def test_requests_of_one_session_share_a_transaction(chain, alice):
    bob = chain.own(Owner(12))
    batch = [asked(alice, bytes([n]) * 50) for n in range(3)] + [asked(bob, b"b" * 50)]
    accepted = await asyncio.gather(*(chain.submitter.submit(one) for one in batch))
    assert sorted(chain.contract.transactions) == [1, 3]
    assert len({one.digest for one in accepted[:3]}) == 1
    assert [one.request_id for one in accepted[:3]] == [derive_object_id(accepted[0].digest, n) for n in range(3)]


async def test_a_narrowed_session_shares_too(chain):
    bob = chain.own(Owner(12, narrowed=parse_rules(["/pods:default:get", "/secrets:default:get"])))
    accepted = await asyncio.gather(*(chain.submitter.submit(asked(bob, bytes([n]))) for n in range(3)))
    assert chain.contract.transactions == [3]
    assert len({one.request_id for one in accepted}) == 3


async def test_a_denied_one_spoils_no_other(chain, alice):
    chain.contract.aborts["secrets"] = ("request", CODE)
    batch = [asked(alice, b"1"), asked(alice, b"2", resource="secrets"), asked(alice, b"3")]
    first, second, third = await asyncio.gather(*(chain.submitter.submit(one) for one in batch), return_exceptions=True)
    assert isinstance(second, DeniedError)
    assert second.words == "the deadline is too far"
    assert not second.lasting
    assert first.request_id != third.request_id
    assert chain.contract.transactions == [3, 1, 1, 1]
    assert not chain.coins.leases


async def test_what_comes_too_late_is_overdue_not_denied(chain, alice):
    chain.contract.aborts["secrets"] = ("request", LATE)
    batch = [asked(alice, b"1"), asked(alice, b"2", resource="secrets")]
    first, second = await asyncio.gather(*(chain.submitter.submit(one) for one in batch), return_exceptions=True)
    assert first.digest in chain.ledger.transactions
    assert isinstance(second, OverdueError)


async def test_a_revoked_token_is_denied_for_good(chain, alice):
    chain.contract.aborts["pods"] = ("seal_token", CODE)
    with pytest.raises(DeniedError, match="the token is revoked") as denied:
        await chain.submitter.submit(asked(alice, b"1"))
    assert denied.value.lasting
    assert denied.value.digest == str(chain.expected[0][0].digest)


async def test_one_objects_requests_stay_in_order_over_transactions(chain, alice):
    bob = chain.own(Owner(12))
    batch = [asked(alice if n % 2 else bob, bytes([n]) * 9, key=("v1", "cm", "default", "x")) for n in range(6)]
    await asyncio.gather(*(chain.submitter.submit(one) for one in batch))
    assert chain.contract.order == [one.payload_hash for one in batch]


async def test_no_two_transactions_share_a_coin_and_they_wait_for_one(alice, chain):
    chain.coins.free = 1
    owners = [chain.own(Owner(20 + n)) for n in range(3)]

    async def sleep(seconds):
        chain.time_s += seconds / 100
        await asyncio.sleep(0)

    chain.submitter._courier._sleep = sleep
    await asyncio.gather(*(chain.submitter.submit(asked(owner, b"1")) for owner in owners))
    assert chain.coins.most == 1
    assert len({lease for lease, _ in chain.coins.settled}) == 3


async def test_what_is_too_dear_for_a_coin_together_goes_alone(chain, alice):
    sign = chain.coins.sign

    async def poor(kind, *, gas_budget, gas_price):
        if gas_budget > 20_000_000:
            raise GasError("no coin is that large")
        return await sign(kind, gas_budget=gas_budget, gas_price=gas_price)

    chain.coins.sign = poor
    await asyncio.gather(*(chain.submitter.submit(asked(alice, bytes([n]))) for n in range(4)))
    assert chain.contract.transactions == [1, 1, 1, 1]


async def test_an_empty_pool_is_said(chain, alice):
    chain.coins.free = 0
    with pytest.raises(GasError):
        await chain.submitter.submit(asked(alice, b"1"))


async def test_an_unreachable_ledger_means_nothing_was_sent(chain, alice):
    await chain.submitter.submit(asked(alice, b"0"))
    chain.ledger.faults.unreachable = True
    with pytest.raises(LedgerUnreachableError):
        await chain.submitter.submit(asked(alice, b"1"))
    # The coin is as it was: it comes back to the pool at its own version.
    assert chain.coins.settled[-1][1] is not None
    assert not chain.coins.leases


async def test_a_lost_outcome_is_asked_for_again_with_the_same_bytes(chain, alice):
    chain.ledger.faults.lose_outcome = 0.7
    accepted = [await chain.submitter.submit(asked(alice, bytes([n]))) for n in range(10)]
    assert chain.contract.transactions == [1] * 10
    assert len({one.request_id for one in accepted}) == 10


async def test_an_outcome_lost_until_the_deadline_is_unknown(chain, alice):
    chain.ledger.faults.lose_outcome = 1.0
    with pytest.raises(OutcomeUnknownError) as unknown:
        await chain.submitter.submit(asked(alice, b"1"))
    assert unknown.value.digest == chain.expected[0][0].digest
    assert chain.coins.settled == [(0, None)]
    assert chain.time_s < 61


async def test_a_refused_transaction_is_signed_once_more_with_another_coin(chain, alice):
    execute = chain.ledger.execute
    refused = []

    async def fussy(transaction, signatures):
        if not refused:
            coin = TRANSACTION_DATA.decode(transaction).gas_data.payment[0]
            refused.append(coin)
            chain.ledger.objects[coin.object_id] = LedgerObject(
                coin, AddressOwner(KEY.address), None, bytes(coin.object_id) + (777).to_bytes(8, "little")
            )
            raise TransactionRefusedError("the balance is too low")
        return await execute(transaction, signatures)

    chain.ledger.execute = fussy
    accepted = await chain.submitter.submit(asked(alice, b"1"))
    assert accepted.digest == chain.expected[1][0].digest
    assert chain.coins.settled[0] == (0, refused[0])
    assert chain.coins.balances[0] == 777


async def test_a_transaction_that_is_refused_twice_is_refused(chain, alice):
    async def never(transaction, signatures):
        raise TransactionRefusedError("no")

    chain.ledger.execute = never
    with pytest.raises(TransactionRefusedError):
        await chain.submitter.submit(asked(alice, b"1"))
    # The ledger knows no such coin any more: it is settled as gone.
    assert chain.coins.balances == [0, 0]
    assert not chain.coins.leases


async def test_an_executor_that_was_not_told_means_nothing_is_sent(chain, alice):
    async def broken(signed, payloads):
        raise LocalError("no executor")

    chain.submitter._courier._expect = broken
    with pytest.raises(LocalError):
        await chain.submitter.submit(asked(alice, b"1"))
    assert not chain.ledger.transactions
    assert chain.coins.settled[0][1] is not None


async def test_an_unknown_object_is_no_unknown_outcome(chain):
    stranger = Owner(30)
    with pytest.raises(TransactionRefusedError, match="no shared object"):
        await chain.submitter.submit(asked(stranger, b"1"))


async def test_before_its_activation_there_is_no_target():
    chain = ChainWorld()
    with pytest.raises(LedgerUnreachableError):
        chain.submitter.target()
    chain.view.apply(CHANGED)
    with pytest.raises(LedgerUnreachableError):
        chain.submitter.target()
    chain.view.apply(ACTIVATED)
    target = chain.submitter.target()
    assert (target.enclave, target.sender, target.request_limit_ms) == (ENCLAVE, KEY.address, 60_000)
    assert chain.view.key_of(ENCLAVE) == KEY.public
    assert chain.view.key_of(CLUSTER) is None


async def test_answers_find_their_requests_in_any_order(chain, alice):
    submission = asked(alice, b"1")
    accepted = await chain.submitter.submit(submission)
    chain.desk.deliver(stored(accepted.request_id, submission.payload_hash, b"early"))
    assert (await chain.submitter.answer(accepted, submission)).body == b"early"
    waiting = asyncio.create_task(chain.submitter.answer(accepted, submission))
    await asyncio.sleep(0)
    for n in range(9):
        chain.desk.deliver(stored(derive_object_id(accepted.digest, 100 + n), b"other"))
    chain.desk.deliver(stored(accepted.request_id, submission.payload_hash, b"late"))
    assert (await waiting).body == b"late"


async def test_an_answer_to_another_payload_is_none(chain, alice):
    submission = asked(alice, b"1")
    accepted = await chain.submitter.submit(submission)
    chain.desk.deliver(stored(accepted.request_id, b"another"))
    with pytest.raises(AnswerError):
        await chain.submitter.answer(accepted, submission)


async def test_whoever_leaves_before_it_was_sent_pays_nothing(alice):
    world = ChainWorld(Limits(transactions_in_flight=1))
    world.view.apply(ACTIVATED)
    world.own(alice)
    go_on = asyncio.Event()

    async def expect(signed, payloads):
        await go_on.wait()

    world.submitter._courier._expect = expect
    first = asyncio.create_task(world.submitter.submit(asked(alice, b"1")))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(world.submitter.submit(asked(alice, b"2")))
    await asyncio.sleep(0.01)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    go_on.set()
    await first
    await world.submitter.submit(asked(alice, b"3"))
    assert world.contract.transactions == [1, 1]


async def test_nothing_is_sealed_to_an_enclave_that_was_superseded(chain, alice):
    submission = asked(alice, b"1")
    other = replace(chain.view.state, active_enclave=Address(b"\x77" * 32), epoch=2, config_version=4)
    chain.view.apply(replace(CHANGED, state=other))
    with pytest.raises(SupersededError, match="not the cluster's active one any more"):
        await chain.submitter.submit(submission)
    assert not chain.expected
    assert chain.view.own_enclave() == ENCLAVE


async def test_the_owner_himself_sends_without_a_grant(chain, alice):
    chain.view.sender = alice.state.owner
    assert chain.submitter.target().sender == alice.state.owner
    identity = Identity(alice.state.token, alice.state.owner, None, token_of(alice))
    batch = [replace(asked(alice, bytes([n]) * 50), identity=identity) for n in range(3)]
    await asyncio.gather(*(chain.submitter.submit(one) for one in batch))
    [signed] = [signed for signed, _ in chain.expected]
    calls = TRANSACTION_DATA.decode(signed.transaction).kind.commands
    assert [call.function for call in calls if isinstance(call, MoveCall)] == ["submit"] * 3
