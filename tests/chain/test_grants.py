"""A bearer opens only here, only now, only with its secret."""

import base64
import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import grants as g
from chain.errors import GrantExpiredError, GrantMalformedError, GrantUntrustedError
from chain.rules import Rule
from chain.statements import GRANT_STATEMENT
from sui.keys import Ed25519Key
from sui.types import Address

OWNER = Ed25519Key.generate(b"o" * 32)
SCOPE = g.GrantScope(b"\1" * 32, Address.parse("0x1"), Address.parse("0x2"), Address.parse("0x3"))
TOKEN = Address.parse("0x4")


def bearer(**changes):
    options = {"secret": b"s" * 32, "not_before": 100, "expires_at": 200, "sign": OWNER.sign} | changes
    return g.make_bearer(options.pop("scope", SCOPE), TOKEN, **options)


def test_a_good_bearer_passes_until_it_expires():
    made = g.parse_bearer(bearer().text)
    made.check(SCOPE, OWNER.public, 100)
    made.check(SCOPE, OWNER.public, 199)
    for now in (99, 200):
        with pytest.raises(GrantExpiredError):
            made.check(SCOPE, OWNER.public, now)


TEXT = st.text(max_size=9)
RULE = st.builds(Rule, TEXT, TEXT, st.just(""), TEXT, st.just(("get",)))


@given(st.lists(RULE, max_size=4))
def test_the_text_comes_back(rules):
    made = bearer(rules=tuple(rules))
    assert g.parse_bearer(made.text) == made
    assert set(made.text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_grant_copied_from_the_chain_opens_nothing():
    made = bearer()
    copied = g.Bearer(made.grant, made.signature, made.grant.session)
    with pytest.raises(GrantUntrustedError, match="secret"):
        g.parse_bearer(copied.text).check(SCOPE, OWNER.public, 150)


@pytest.mark.parametrize("field", ["chain_id", "package", "cluster", "delegate"])
def test_a_grant_for_elsewhere_is_refused(field):
    other = replace(SCOPE, **{field: b"\7" * 32 if field == "chain_id" else Address.parse("0x77")})
    with pytest.raises(GrantUntrustedError, match="another"):
        bearer(scope=other).check(SCOPE, OWNER.public, 150)


def test_another_signer_is_refused():
    with pytest.raises(GrantUntrustedError, match="owner"):
        bearer(sign=Ed25519Key.generate(b"x" * 32).sign).check(SCOPE, OWNER.public, 150)
    with pytest.raises(GrantUntrustedError, match="owner"):
        bearer().check(SCOPE, b"\0" * 31, 150)


def test_every_signed_field_binds():
    made = bearer()
    narrower = (Rule("", "a", "", "", ("get",)),)
    for change in ({"token": Address.parse("0x5")}, {"expires_at": 201}, {"not_before": 1}, {"rules": narrower}):
        with pytest.raises(GrantUntrustedError, match="owner"):
            replace(made, grant=replace(made.grant, **change)).check(SCOPE, OWNER.public, 150)


def test_the_signature_is_raw_over_the_bcs():
    made = bearer()
    assert made.signature == OWNER.sign(GRANT_STATEMENT.encode(made.grant))
    assert made.grant.session == hashlib.sha256(b"s" * 32).digest()


@pytest.mark.parametrize("text", ["", "x", "!!!!", "a" * 40_000, "eyJhbGciOi.JIUzI1NiJ9"])
def test_what_is_no_grant_is_refused(text):
    with pytest.raises(GrantMalformedError):
        g.parse_bearer(text)


def test_other_forms_of_the_same_grant_are_refused():
    text = bearer().text
    for other in (text + "=", text + "A", text[:-1], text + "\n"):
        with pytest.raises(GrantMalformedError):
            g.parse_bearer(other)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda b: replace(b, signature=b"\0" * 63),
        lambda b: replace(b, secret=b"\0" * 31),
        lambda b: replace(b, grant=replace(b.grant, domain=b"k3s-daas::grant::v2")),
        lambda b: replace(b, grant=replace(b.grant, session=b"\0" * 31)),
    ],
)
def test_a_grant_of_another_shape_is_refused(wrong):
    with pytest.raises(GrantMalformedError):
        g.parse_bearer(wrong(bearer()).text)


def test_a_bearer_cannot_be_made_wrong():
    with pytest.raises(GrantMalformedError):
        bearer(secret=b"short")
    with pytest.raises(GrantMalformedError):
        bearer(not_before=200)


def test_the_secret_is_not_shown():
    made = bearer(secret=b"QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ")
    assert "QQQQ" not in repr(made)
    assert base64.urlsafe_b64encode(made.secret).decode().rstrip("=") not in repr(made)
