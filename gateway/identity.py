"""Who asks: the bearer of a request against our own authenticated copy of the token.

Role: from the `Authorization` header to a token, its owner and the rules that hold for this request.

Rules:
- The secret is compared in constant time, by `chain.grants`; a grant copied from the chain is refused.
- The token's key and rules come from authenticated events, never from the client.
- Every refusal says the same to a stranger: which check failed is for the holder of a real bearer only.

Whether the token is revoked, expired or staked is the contract's to say, not asked here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from chain.errors import GrantError
from chain.grants import parse_bearer
from chain.rules import allows

if TYPE_CHECKING:
    from chain.grants import Bearer, GrantScope
    from chain.rules import Envelope, Rule
    from gateway.messages import Headers
    from sui.types import Address


class UnauthenticatedError(Exception):
    """The bearer opens nothing; the message may be shown to the client."""


class TokenState(Protocol):
    """What the gateway needs to know of a token; two equal states are the same state."""

    @property
    def owner(self) -> Address:
        """The owner's address."""

    @property
    def public_key(self) -> bytes:
        """The owner's Ed25519 key."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What the token may do."""


class TokenBook(Protocol):
    """Our own copy of all live tokens, kept by authenticated events."""

    def get(self, token: Address) -> TokenState | None:
        """Give the token's state, or None if there is no such token."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An authenticated asker.

    Attributes:
        token: The seal token.
        owner: Its owner.
        bearer: Grant, signature and secret; only grant and signature may leave.
        state: The token's state that the bearer was checked against.
    """

    token: Address
    owner: Address
    bearer: Bearer = field(repr=False)
    state: TokenState

    @property
    def session(self) -> bytes:
        """The grant's session hash, public on the chain."""
        return self.bearer.grant.session

    @property
    def narrowed(self) -> tuple[Rule, ...]:
        """The grant's own rules; none means all of the token's."""
        return self.bearer.grant.rules

    @property
    def lane(self) -> tuple[bytes, bytes]:
        """What requests must have in common to share a transaction."""
        return (self.token, self.bearer.signature)

    def allows(self, envelope: Envelope) -> bool:
        """Whether the token's rules, and the grant's where it has some, allow this."""
        narrowed = not self.narrowed or allows(self.narrowed, envelope)
        return narrowed and allows(self.state.rules, envelope)


def authenticate(headers: Headers, scope: GrantScope, tokens: TokenBook, now_ms: int) -> Identity:
    """Find out who sent a request.

    Args:
        headers: The request's headers.
        scope: What a grant must name to be good here.
        tokens: Our copy of the tokens.
        now_ms: The ledger's time.

    Raises:
        UnauthenticatedError: There is no bearer that opens anything.
    """
    values = [value for name, value in headers if name.lower() == "authorization"]
    if len(values) != 1:
        raise UnauthenticatedError("exactly one bearer is needed; use the kubeconfig that `k3s-daas kubeconfig` wrote")
    scheme, _, text = values[0].partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthenticatedError("only a bearer is understood; use the kubeconfig that `k3s-daas kubeconfig` wrote")
    try:
        bearer = parse_bearer(text.strip())
        token = bearer.grant.token
        state = tokens.get(token)
        if state is None:
            raise UnauthenticatedError(
                f"the seal token {token} is not known here; ask its issuer, or announce it with "
                "`k3s-daas token announce`"
            )
        bearer.check(scope, state.public_key, now_ms)
    except GrantError as error:
        raise UnauthenticatedError(str(error)) from None
    return Identity(token, state.owner, bearer, state)
