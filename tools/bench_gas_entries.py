"""The contract's entry points as `tools/bench_gas.py` measures them: one row of a table for each.

A row says how its transaction comes about in a world, and who sends it. What has to be done before, a row does itself
(`tools/bench_gas_steps.py`); every row begins in a new world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings import calls
from tools import bench_gas_steps as steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from sui.builder import ProgrammableBuilder
    from tools.bench_gas_steps import World

KB = 1024
BODIES = (0, KB, 8 * KB, 16 * KB, 100 * KB)
BATCH = 4
BATCH_BODIES = BODIES[:-1]
KEEPER_WAITS_MS = 600_000
_LONGER_MS = 2_000


@dataclass(frozen=True)
class Entry:
    """One entry point of the contract.

    Attributes:
        name: module and function, and the case where there are several.
        sender: whose transaction it is: a field of the world, or the name of a stranger.
        build: makes the transaction for a body of so many bytes, after doing what comes before it.
        bodies: the bodies to measure, in bytes; none where the entry point takes none.
        bare: whether it begins with nothing but the published package, instead of an active enclave and a token.
    """

    name: str
    sender: str
    build: Callable[[World, int], ProgrammableBuilder]
    bodies: tuple[int, ...] = ()
    bare: bool = False


def _many(world: World, body: int) -> list[calls.Submission]:
    return [steps.ask(world, body, number) for number in range(BATCH)]


ENTRIES: tuple[Entry, ...] = (
    # What every kubectl call is made of.
    Entry("request::submit", "owner", lambda w, body: w.submission(steps.ask(w, body)), BODIES),
    Entry(
        "request::submit_with_grant", "enclave_key", lambda w, body: w.granted(w.grant(), steps.ask(w, body)), BODIES
    ),
    Entry("request::submit_with_receipt", "owner", steps.with_receipt, BODIES),
    Entry(
        f"request::submit_many x{BATCH}",
        "owner",
        lambda w, body: steps.submitting(calls.submit_many, w, _many(w, body)),
        BATCH_BODIES,
    ),
    Entry(
        f"request::submit_many_with_grant x{BATCH}",
        "enclave_key",
        lambda w, body: steps.submitting(calls.submit_many_with_grant, w, _many(w, body), grant=w.grant()),
        BATCH_BODIES,
    ),
    Entry("answer::store_k8s_response", "enclave_key", lambda w, body: steps.answers(w, 1, body), BODIES),
    Entry(
        f"answer::store_k8s_responses x{BATCH}",
        "enclave_key",
        lambda w, body: steps.answers(w, BATCH, body),
        BATCH_BODIES,
    ),
    Entry("answer::store_k8s_response, receipt", "enclave_key", lambda w, _: steps.answer_with_receipt(w)),
    Entry("answer::store_k8s_violation", "enclave_key", lambda w, _: steps.violation(w)),
    Entry("receipt::delete_receipt", "owner", lambda w, _: steps.receipt_deletion(w)),
    Entry("request::expire_request", "owner", lambda w, _: steps.expiry(w)),
    Entry("request::expire_request, by a keeper", "keeper", lambda w, _: steps.expiry(w, KEEPER_WAITS_MS)),
    Entry("evidence::report_equivocation", "reporter", lambda w, _: steps.equivocation(w)),
    # Tokens.
    Entry("seal_token::issue", "admin", lambda w, _: steps.issuing(w)),
    Entry("seal_token::add_stake", "owner", lambda w, _: steps.paying(calls.add_stake, w, w.token, mist=1_000)),
    Entry(
        "seal_token::announce_stake_withdrawal",
        "owner",
        lambda w, _: steps.one(calls.announce_stake_withdrawal, w, w.cluster, w.token, 1_000),
    ),
    Entry(
        "seal_token::withdraw_stake",
        "owner",
        lambda w, _: steps.one(calls.withdraw_stake, steps.stake_leaves(w), w.token),
    ),
    Entry("seal_token::announce_token", "anyone", lambda w, _: steps.one(calls.announce_token, w, w.token)),
    Entry("seal_token::narrow", "owner", lambda w, _: steps.one(calls.narrow_token, w, w.token, steps.NARROWER)),
    Entry(
        "seal_token::rescope",
        "admin",
        lambda w, _: steps.by_admin(calls.rescope_token, w, token=w.token, rules=steps.NARROWER),
    ),
    Entry("seal_token::revoke", "owner", lambda w, _: steps.one(calls.revoke_token, w, w.token)),
    Entry("seal_token::revoke_by_admin", "admin", lambda w, _: steps.by_admin(calls.revoke_token_by_admin, w, w.token)),
    # Enclaves.
    Entry("enclave::new_challenge", "operator", lambda w, _: steps.by_operator(calls.new_challenge, w)),
    Entry(
        "enclave::discard_challenge",
        "operator",
        lambda w, _: steps.one(
            calls.discard_challenge, steps.challenged(w), w.owned(w.operator, "enclave", "Challenge")
        ),
    ),
    Entry("enclave::register", "operator", lambda w, _: steps.challenged(w, second=True).registration()),
    Entry("enclave::renew", "operator", lambda w, _: steps.renewal(steps.challenged(w))),
    Entry(
        "enclave::activate", "operator", lambda w, _: steps.by_operator(calls.activate, steps.registered(w), w.enclave)
    ),
    Entry("enclave::revoke", "operator", lambda w, _: steps.by_operator(calls.revoke_enclave, w, w.enclave)),
    Entry(
        "enclave::revoke_by_admin",
        "admin",
        lambda w, _: steps.by_admin(calls.revoke_enclave, w, w.enclave, by_admin=True),
    ),
    # Clusters.
    Entry("cluster::create ... share", "admin", lambda w, _: steps.creation(w), bare=True),
    Entry("cluster::add_measurement", "admin", lambda w, _: steps.by_admin(calls.add_measurement, w, steps.OTHER_PCRS)),
    Entry(
        "cluster::add_configuration", "admin", lambda w, _: steps.by_admin(calls.add_configuration, w, bytes([7]) * 32)
    ),
    Entry("cluster::retire_measurement", "admin", lambda w, _: steps.by_admin(calls.retire_measurement, w, 1)),
    Entry("cluster::retire_configuration", "admin", lambda w, _: steps.by_admin(calls.retire_configuration, w, 2)),
    Entry(
        "cluster::change_setting",
        "admin",
        lambda w, _: steps.by_admin(calls.change_setting, w, name="min_stake", value=_LONGER_MS),
    ),
    Entry(
        "cluster::grow_delays", "admin", lambda w, _: steps.by_admin(calls.grow_delays, w, steps.world_module.DELAYS)
    ),
    Entry(
        "cluster::replace_operator", "admin", lambda w, _: steps.by_admin(calls.replace_operator, w, w.owner.address)
    ),
    Entry(
        "cluster::cancel_operator",
        "admin",
        lambda w, _: steps.by_admin(
            calls.cancel_operator,
            steps.after(w, w.admin, steps.by_admin(calls.replace_operator, w, w.owner.address)),
        ),
    ),
    Entry(
        "cluster::add_bond",
        "operator",
        lambda w, _: steps.paying(calls.add_bond, w, w.cluster, w.operator_cap, mist=1_000),
    ),
    Entry(
        "cluster::announce_bond_withdrawal",
        "operator",
        lambda w, _: steps.by_operator(calls.announce_bond_withdrawal, w, 1_000),
    ),
    Entry(
        "cluster::withdraw_bond",
        "operator",
        lambda w, _: steps.by_operator(calls.withdraw_bond, steps.bond_leaves(w), w.operator.address),
    ),
    Entry("cluster::hand_over_admin", "admin", lambda w, _: steps.by_admin(calls.hand_over_admin, w, w.owner.address)),
    Entry("cluster::burn_admin", "admin", lambda w, _: steps.by_admin(calls.burn_admin, w)),
    # Upgrades.
    Entry("upgrade_lock::lock", "admin", lambda w, _: steps.locking(w)),
    Entry(
        "upgrade_lock::grow_delay",
        "admin",
        lambda w, _: steps.by_right(calls.grow_upgrade_delay, steps.locked(w), _LONGER_MS),
    ),
    Entry(
        "upgrade_lock::announce",
        "admin",
        lambda w, _: steps.by_right(calls.announce_upgrade, steps.locked(w), bytes(32)),
    ),
    Entry(
        "upgrade_lock::cancel",
        "admin",
        lambda w, _: steps.by_right(calls.cancel_upgrade, steps.upgrade_announced(w)),
    ),
    Entry("upgrade_lock::authorize, commit", "admin", lambda w, _: steps.upgrading(steps.upgrade_announced(w))),
    Entry("upgrade_lock::make_immutable", "admin", lambda w, _: steps.by_right(calls.make_immutable, steps.locked(w))),
    Entry(
        "cluster::announce_version",
        "admin",
        lambda w, _: steps.by_admin(calls.announce_version, steps.upgraded(w), w.lock),
    ),
    Entry("cluster::cancel_version", "admin", lambda w, _: steps.version_cancelling(w)),
    Entry("seal_token::migrate_token", "anyone", lambda w, _: steps.migrating(w)),
)
