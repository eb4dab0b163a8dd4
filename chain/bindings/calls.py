"""One function for each entry and public function of the contract that a client calls.

Each adds commands to a `ProgrammableBuilder` and returns the last one's result. They are defined by concern in the
modules beside this one; callers import them from here.
"""

from __future__ import annotations

from chain.bindings.arguments import CLOCK, Contract, SharedRef
from chain.bindings.cluster_calls import (
    NewCluster,
    add_bond,
    add_configuration,
    add_measurement,
    create_cluster,
    new_delays,
    new_settings,
    retire_configuration,
    retire_measurement,
    share,
)
from chain.bindings.enclave_calls import activate, discard_challenge, new_challenge, register, revoke_enclave
from chain.bindings.request_calls import (
    Answer,
    SignedGrant,
    Submission,
    expire_request,
    store_k8s_response,
    store_k8s_responses,
    submission,
    submit,
    submit_with_grant,
)
from chain.bindings.token_calls import add_stake, announce_token, issue_token, revoke_token, revoke_token_by_admin

__all__ = [
    "CLOCK",
    "Answer",
    "Contract",
    "NewCluster",
    "SharedRef",
    "SignedGrant",
    "Submission",
    "activate",
    "add_bond",
    "add_configuration",
    "add_measurement",
    "add_stake",
    "announce_token",
    "create_cluster",
    "discard_challenge",
    "expire_request",
    "issue_token",
    "new_challenge",
    "new_delays",
    "new_settings",
    "register",
    "retire_configuration",
    "retire_measurement",
    "revoke_enclave",
    "revoke_token",
    "revoke_token_by_admin",
    "share",
    "store_k8s_response",
    "store_k8s_responses",
    "submission",
    "submit",
    "submit_with_grant",
]
