"""Submissions: the programmable transaction that asks the contract for one request or several.

Role: put the calls of one sender together, and say under which ids the contract will open the requests.

Rules: a transaction holds nothing but submissions, so that the place of a call is the number of its request's id and of
its event (`chain.checks` relies on it); requests of different tokens may stand together, but a failure fails all.

It signs nothing and chooses no coin. Which requests go together, and who goes alone after a failure, `gateway` plans.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings.calls import SignedGrant, submit, submit_with_grant
from sui.builder import ProgrammableBuilder
from sui.digests import derive_object_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.bindings.calls import Contract, SharedRef, Submission
    from chain.grants import Bearer
    from sui.transaction import ProgrammableTransaction
    from sui.types import Address, Digest


@dataclass(frozen=True)
class SubmitOrder:
    """One request to ask for, under a grant where the sender is not the owner."""

    token: SharedRef
    asked: Submission
    grant: SignedGrant | None = None


def signed_grant(bearer: Bearer) -> SignedGrant:
    """What of a bearer goes on chain: never its secret."""
    grant = bearer.grant
    return SignedGrant(grant.session, grant.not_before, grant.expires_at, grant.rules, bearer.signature)


def build_submit(
    contract: Contract, cluster: SharedRef, enclave: SharedRef, orders: Sequence[SubmitOrder]
) -> ProgrammableTransaction:
    """The transaction that asks for all of these, in order.

    Raises:
        sui.errors.BuildError: it is empty or too large.
    """
    builder = ProgrammableBuilder()
    for order in orders:
        if order.grant is None:
            submit(builder, contract, cluster=cluster, enclave=enclave, token=order.token, asked=order.asked)
        else:
            submit_with_grant(
                builder,
                contract,
                cluster=cluster,
                enclave=enclave,
                token=order.token,
                grant=order.grant,
                asked=order.asked,
            )
    return builder.finish()


def request_ids(digest: Digest, count: int) -> tuple[Address, ...]:
    """The ids of the requests that a transaction of `build_submit` opens, in order."""
    return tuple(derive_object_id(digest, place) for place in range(count))
