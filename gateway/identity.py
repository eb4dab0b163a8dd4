"""Who asks: the bearer of a request against our own authenticated copy of the token.

Role: from the `Authorization` header to a token, its owner and the rules that hold for this request. This is the one
place that knows the two ways in: under a grant (the gateway inside the enclave), and as the owner himself, by a secret
that only his own machine has (the gateway outside).

Rules:
- A secret is compared in constant time; a grant copied from the chain is refused.
- The token's key and rules come from authenticated events, never from the client.
- Every refusal says the same to a stranger: which check failed is for the holder of a real bearer only.

Whether the token is revoked, expired or staked is the contract's to say, not asked here.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from chain.errors import GrantError
from chain.grants import parse_bearer
from chain.rules import allows
from chain.submit import signed_grant

if TYPE_CHECKING:
    from chain.bindings.calls import SignedGrant
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

    def at(self, now_ms: int) -> TokenState:
        """Give the token as it is at a time of the ledger: wider rules hold once they are due."""


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
        bearer: Grant, signature and secret; only grant and signature may leave. None where the owner asks himself.
        state: The token's state that the bearer was checked against, as it was then.
    """

    token: Address
    owner: Address
    bearer: Bearer | None = field(repr=False)
    state: TokenState

    @property
    def session(self) -> bytes:
        """The grant's session hash, public on the chain; empty without a grant."""
        return self.bearer.grant.session if self.bearer is not None else b""

    @property
    def narrowed(self) -> tuple[Rule, ...]:
        """The grant's own rules; none means all of the token's."""
        return self.bearer.grant.rules if self.bearer is not None else ()

    @property
    def signed_grant(self) -> SignedGrant | None:
        """What goes on the chain to say that the owner allowed it; None where he sends the transaction himself."""
        return signed_grant(self.bearer) if self.bearer is not None else None

    @property
    def lane(self) -> tuple[bytes, bytes]:
        """What requests must have in common to share a transaction."""
        return (self.token, self.bearer.signature if self.bearer is not None else b"")

    def allows(self, envelope: Envelope) -> bool:
        """Whether the token's rules, and the grant's where it has some, allow this."""
        narrowed = not self.narrowed or allows(self.narrowed, envelope)
        return narrowed and allows(self.state.rules, envelope)


class Doorkeeper(Protocol):
    """Finds out who sent a request."""

    def authenticate(self, headers: Headers, scope: GrantScope, now_ms: int) -> Identity:
        """Find out who sent a request.

        Args:
            headers: The request's headers.
            scope: What a grant must name to be good here.
            now_ms: The ledger's time.

        Raises:
            UnauthenticatedError: There is no bearer that opens anything.
        """


@dataclass(frozen=True, slots=True)
class GrantDoorkeeper:
    """Lets in whoever shows a grant with its secret.

    Attributes:
        tokens: Our copy of the tokens.
    """

    tokens: TokenBook

    def authenticate(self, headers: Headers, scope: GrantScope, now_ms: int) -> Identity:
        """Find out who sent a request, by his grant."""
        text = _bearer_text(headers, "`k3s-daas kubeconfig`")
        try:
            bearer = parse_bearer(text)
            token = bearer.grant.token
            state = self.tokens.get(token)
            if state is None:
                raise UnauthenticatedError(_unknown(token))
            bearer.check(scope, state.public_key, now_ms)
        except GrantError as error:
            raise UnauthenticatedError(str(error)) from None
        return Identity(token, state.owner, bearer, state.at(now_ms))


@dataclass(frozen=True, slots=True)
class OwnerDoorkeeper:
    """Lets in whoever knows the one secret that stands in the owner's own kubeconfig.

    Attributes:
        tokens: Our copy of the tokens.
        token: The token that he works with.
        secret: The bearer, as text.
    """

    tokens: TokenBook
    token: Address
    secret: str = field(repr=False)

    def authenticate(self, headers: Headers, scope: GrantScope, now_ms: int) -> Identity:
        """Find out whether the owner sent a request."""
        del scope
        text = _bearer_text(headers, "`k3s-daas proxy`")
        if not hmac.compare_digest(text.encode(), self.secret.encode()):
            raise UnauthenticatedError(
                "the bearer is not this proxy's; use the kubeconfig that it wrote when it started"
            )
        state = self.tokens.get(self.token)
        if state is None:
            raise UnauthenticatedError(_unknown(self.token))
        return Identity(self.token, state.owner, None, state.at(now_ms))


def _bearer_text(headers: Headers, wrote: str) -> str:
    """Take the one bearer of a request."""
    values = [value for name, value in headers if name.lower() == "authorization"]
    if len(values) != 1:
        raise UnauthenticatedError(f"exactly one bearer is needed; use the kubeconfig that {wrote} wrote")
    scheme, _, text = values[0].partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthenticatedError(f"only a bearer is understood; use the kubeconfig that {wrote} wrote")
    return text.strip()


def _unknown(token: Address) -> str:
    """Say that no event told of a token."""
    return f"the seal token {token} is not known here; ask its issuer, or announce it with `k3s-daas token announce`"
