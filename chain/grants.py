"""Grants: how a token's owner lets an enclave's gateway send requests for him.

Role: build, sign, write and read the bearer that kubectl sends: grant, owner's signature, session secret.

Rules: the grant names chain, package, cluster, token, delegate (the enclave's address), a session (SHA-256 of a 32-byte
secret), a time window and optional narrower rules. Only grant and signature ever go on chain; the secret stays in the
bearer, so a grant copied from the chain opens nothing. The secret is compared in constant time.

It does not ask the chain whether the token is usable: the contract does at each request.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.errors import GrantExpiredError, GrantMalformedError, GrantUntrustedError
from chain.limits import LIMITS, Limits
from chain.statements import GRANT_DOMAIN, GRANT_STATEMENT, GrantStatement, signature_holds
from sui.bcs import bounded_bytes, struct
from sui.errors import BcsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.rules import Rule
    from sui.bcs import Codec
    from sui.types import Address

SECRET_BYTES = 32
"""Length of a session secret."""


@dataclass(frozen=True)
class GrantScope:
    """What a grant must name to be good here."""

    chain_id: bytes
    package: Address
    cluster: Address
    delegate: Address


@dataclass(frozen=True)
class Bearer:
    """A grant with its signature and its session secret."""

    grant: GrantStatement
    signature: bytes
    secret: bytes

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Bearer(token={self.grant.token}, expires_at={self.grant.expires_at})"

    @property
    def text(self) -> str:
        """The compact form that kubectl sends as `Authorization: Bearer`."""
        return base64.urlsafe_b64encode(_BEARER.encode(self)).rstrip(b"=").decode()

    def check(self, scope: GrantScope, public_key: bytes, now_ms: int) -> None:
        """Check everything that a gateway can check without the chain, in this order.

        (1) the secret opens the session, in constant time; (2) chain, package, cluster and delegate are ours;
        (3) the owner signed it; (4) it is valid now.

        Args:
            scope: what the grant must name.
            public_key: the token owner's key, from authenticated events.
            now_ms: the ledger's time.

        Raises:
            GrantUntrustedError: 1, 2 or 3 does not hold.
            GrantExpiredError: 4 does not hold.
        """
        grant = self.grant
        if not hmac.compare_digest(hashlib.sha256(self.secret).digest(), grant.session):
            raise GrantUntrustedError("the bearer's secret does not open its session; get a new one with get-token")
        named = GrantScope(grant.chain_id, grant.package, grant.cluster, grant.delegate)
        if named != scope:
            raise GrantUntrustedError(
                "the grant is for another chain, package, cluster or enclave; run `k3s-daas kubeconfig` again"
            )
        if not signature_holds(public_key, self.signature, GRANT_STATEMENT.encode(grant)):
            raise GrantUntrustedError("the grant is not signed by the token's owner")
        if now_ms < grant.not_before:
            raise GrantExpiredError("the grant is not valid yet; check the clock of the machine that made it")
        if now_ms >= grant.expires_at:
            raise GrantExpiredError("the grant has expired; get a new one with get-token")


_BEARER: Codec[Bearer] = struct(
    Bearer, grant=GRANT_STATEMENT, signature=bounded_bytes(64), secret=bounded_bytes(SECRET_BYTES)
)


def make_bearer(
    scope: GrantScope,
    token: Address,
    *,
    secret: bytes,
    not_before: int,
    expires_at: int,
    sign: Callable[[bytes], bytes],
    rules: tuple[Rule, ...] = (),
) -> Bearer:
    """Build and sign a grant.

    Args:
        scope: chain, package, cluster and the enclave that may use it.
        token: the seal token.
        secret: 32 fresh random bytes.
        not_before: Unix milliseconds.
        expires_at: Unix milliseconds.
        sign: the owner's raw Ed25519 signature over bytes.
        rules: narrower rules; none means all of the token's.

    Returns:
        The bearer.

    Raises:
        GrantMalformedError: the secret or the window is not usable.
    """
    if len(secret) != SECRET_BYTES:
        raise GrantMalformedError(f"a session secret has {SECRET_BYTES} bytes")
    if not_before >= expires_at:
        raise GrantMalformedError("a grant must end after it begins")
    grant = GrantStatement(
        domain=GRANT_DOMAIN,
        chain_id=scope.chain_id,
        package=scope.package,
        cluster=scope.cluster,
        token=token,
        delegate=scope.delegate,
        session=hashlib.sha256(secret).digest(),
        not_before=not_before,
        expires_at=expires_at,
        rules=rules,
    )
    return Bearer(grant, sign(GRANT_STATEMENT.encode(grant)), secret)


def parse_bearer(text: str, limits: Limits = LIMITS) -> Bearer:
    """Read a bearer's text; nothing in it is believed before `Bearer.check`.

    Raises:
        GrantMalformedError: it is not a bearer.
    """
    if len(text) > limits.bearer_text_bytes:
        raise GrantMalformedError("the bearer is too long to be a grant")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        bearer = _BEARER.decode(raw)
    except (binascii.Error, ValueError, BcsError) as error:
        raise GrantMalformedError("the bearer is not a grant; use the kubeconfig that k3s-daas wrote") from error
    if bearer.text != text:
        raise GrantMalformedError("the bearer is not in its one canonical form")
    grant = bearer.grant
    if grant.domain != GRANT_DOMAIN or len(bearer.signature) != 64 or len(bearer.secret) != SECRET_BYTES:
        raise GrantMalformedError("the bearer is a grant of another version or product")
    if len(grant.session) != 32:
        raise GrantMalformedError("the grant's session is not a hash")
    return bearer
