"""What an enclave stores: the programmable transactions that end requests.

Role: `store_k8s_response` for one answer, `store_k8s_responses` for several, `store_k8s_violation` for a violation.

Rules: a batch is one call over vectors, because a second call that consumes a shared object is refused; a violation
writes its token, so it always travels alone.

It signs nothing, chooses no coin and knows no time. Which answers share a transaction, and who goes alone after a
failure, `enclave.storing` plans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.bindings.calls import store_k8s_response, store_k8s_responses, store_k8s_violation
from sui.builder import ProgrammableBuilder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.bindings.calls import Answer, Contract, SharedRef, Violation
    from sui.transaction import ProgrammableTransaction


def build_store(
    contract: Contract, cluster: SharedRef, enclave: SharedRef, answers: Sequence[Answer]
) -> ProgrammableTransaction:
    """The transaction that stores these answers.

    Raises:
        sui.errors.BuildError: it is too large.
    """
    builder = ProgrammableBuilder()
    if len(answers) == 1:
        store_k8s_response(builder, contract, cluster, enclave, answers[0])
    else:
        store_k8s_responses(builder, contract, cluster, enclave, answers)
    return builder.finish()


def build_violation(
    contract: Contract, cluster: SharedRef, enclave: SharedRef, violation: Violation
) -> ProgrammableTransaction:
    """The transaction that stores this violation."""
    builder = ProgrammableBuilder()
    store_k8s_violation(builder, contract, cluster, enclave, violation)
    return builder.finish()
