"""What the gateway and the supervisor may ask of the executor, on `executor.sock`.

Rules: every parameter is checked before it is used; `local` carries nothing that the contract would have to decide, and
this is checked again here; an answer is fetched by the hash that the contract has signed for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chain.errors import ChainError
from chain.limits import LIMITS as CHAIN_LIMITS
from chain.payload import Header, sealed_hash
from chain.rules import Rule
from enclave import params
from enclave.door_limits import DOOR_LIMITS, DoorLimits
from enclave.errors import SignatureRefused
from enclave.execution_errors import ApiserverError, CrowdedError, ExecutionError, MirrorError
from enclave.execution_limits import LIMITS, ExecutionLimits
from enclave.execution_ports import Call
from enclave.http_policy import request_headers, response_headers
from enclave.places import Uid, allowed_uids
from enclave.records import Expected, Payload
from gateway.classify import Route, classify
from gateway.errors import TargetError
from gateway.request_info import parse_request
from sui.types import Digest
from wire.errors import IpcError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chain.events import AuthenticatedEvents
    from chain.tokens import TokenRegistry
    from enclave.book import Book
    from enclave.execution_ports import Apiserver
    from enclave.mirror import RoleMirror
    from wire.ipc import Handler, Peer

_EXPECT_MS: Final = 600_000
_DIGEST_BYTES: Final = 32


class ExecutorCalls:
    """The methods of the socket."""

    def __init__(
        self,
        *,
        book: Book,
        events: AuthenticatedEvents,
        tokens: TokenRegistry,
        mirror: RoleMirror,
        apiserver: Apiserver,
        now_ms: Callable[[], int],
        give_back: Callable[[], Awaitable[Digest | None]],
        limits: ExecutionLimits = LIMITS,
        door: DoorLimits = DOOR_LIMITS,
    ) -> None:
        """Answer from these parts."""
        self._book = book
        self._events = events
        self._tokens = tokens
        self._mirror = mirror
        self._apiserver = apiserver
        self._now_ms = now_ms
        self._give_back = give_back
        self._limits = limits
        self._door = door

    def handlers(self) -> dict[str, Handler]:
        """The methods by name."""
        return {
            "expect": self.expect,
            "put": self.put,
            "local": self.local,
            "fetch": self.fetch,
            "give_back": self.give_back,
        }

    @staticmethod
    def allowed() -> dict[str, frozenset[int]]:
        """Who may call what."""
        gateway = allowed_uids(Uid.GATEWAY)
        return dict.fromkeys(("expect", "put", "local", "fetch"), gateway) | {
            "give_back": allowed_uids(Uid.SUPERVISOR) | {0}
        }

    async def expect(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Remember a transaction that the gateway is about to send, and the payloads that travel beside it."""
        fields = _fields(raw)
        digest, transaction, signature = (_bytes(fields, name) for name in ("digest", "transaction", "signature"))
        payloads = fields.raw.get("payloads") or []
        if len(digest) != _DIGEST_BYTES or not isinstance(payloads, list):
            raise IpcError("bad-request", "expect takes a digest of 32 bytes and a list of payloads")
        for each in payloads:
            _check_payload(each)
        until = self._now_ms() + _EXPECT_MS
        try:
            self._events.expect(Digest(digest), transaction, signature)
            fresh = [Payload(sealed_hash(each), each, until) for each in payloads]
            self._book.expect(Expected(digest, transaction, signature, until), fresh)
        except ChainError as error:
            raise IpcError("refused", str(error)) from None
        return {}

    async def put(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Keep a payload that a token's owner brought to the side door, until its request comes."""
        fields = _fields(raw)
        sealed, token, until = _bytes(fields, "sealed"), _address(fields, "token"), fields.raw.get("until")
        _check_payload(sealed)
        if type(until) is not int or until > self._now_ms() + _EXPECT_MS:
            raise IpcError("bad-request", "a payload is kept until a time soon")
        try:
            self._book.put(Payload(sealed_hash(sealed), sealed, until, bytes(token)), self._door)
        except CrowdedError as error:
            raise IpcError("crowded", str(error)) from None
        return {}

    async def local(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Answer discovery and self reviews as the mirrored user."""
        fields = _fields(raw)
        token = self._tokens.get(_address(fields, "token"))
        if token is None or token.owner != _address(fields, "owner"):
            raise IpcError("unknown-token", "the executor knows no such token of this owner")
        method, target = _text(fields, "method"), _text(fields, "target")
        try:
            info = parse_request(method, target)
        except TargetError as error:
            raise IpcError("bad-request", str(error)) from None
        if classify(info, method) is not Route.LOCAL:
            raise IpcError("forbidden", "this is the contract's to decide")
        call_headers = request_headers(_headers(fields))
        try:
            wanted = (info.group, info.resource, info.namespace)
            user = await self._mirror.ensure(token.at(self._now_ms()), _rules(fields), wanted=wanted)
            call = Call(method, target, call_headers, _bytes(fields, "body"), user=user.name)
            reply = await self._apiserver.call(call, timeout_s=self._limits.local_s)
        except MirrorError as error:
            raise IpcError("not-ready", str(error)) from None
        except ApiserverError as error:
            raise IpcError("apiserver", str(error)) from None
        headers = [[each.name, each.value] for each in response_headers(reply.headers)]
        return {"status": reply.status, "headers": headers, "body": reply.body}

    async def fetch(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Give a sealed answer to a token's request that is too large for its event."""
        fields = _fields(raw)
        sealed = self._book.body(_bytes(fields, "body_hash"), _address(fields, "token"))
        if sealed is None:
            raise IpcError("not-found", "no answer of this token with this hash is kept; it was dropped after its time")
        return {"sealed": sealed}

    async def give_back(self, _: Peer, __: Any) -> dict[str, Any]:
        """Return the gas to the operator."""
        try:
            digest = await self._give_back()
        except (ChainError, ExecutionError) as error:
            raise IpcError("not-returned", str(error)) from None
        return {"digest": str(digest) if digest is not None else None}


def _check_payload(value: Any) -> None:
    if not isinstance(value, bytes) or not 0 < len(value) <= CHAIN_LIMITS.sealed_bytes:
        raise IpcError("bad-request", f"a payload has 1 to {CHAIN_LIMITS.sealed_bytes} bytes")


def _fields(raw: Any) -> params.Fields:
    try:
        return params.fields(raw)
    except SignatureRefused as error:
        raise IpcError(error.code, error.message) from None


def _bytes(fields: params.Fields, name: str) -> bytes:
    try:
        return fields.bytes(name)
    except SignatureRefused as error:
        raise IpcError(error.code, error.message) from None


def _address(fields: params.Fields, name: str) -> Any:
    try:
        return fields.address(name)
    except SignatureRefused as error:
        raise IpcError(error.code, error.message) from None


def _text(fields: params.Fields, name: str) -> str:
    value = fields.raw.get(name)
    if not isinstance(value, str) or len(value) > CHAIN_LIMITS.target_bytes:
        raise IpcError("bad-request", f"the parameter {name} is no text of a usable length")
    return value


def _headers(fields: params.Fields) -> list[Header]:
    value = fields.raw.get("headers")
    if not isinstance(value, list) or len(value) > CHAIN_LIMITS.header_count:
        raise IpcError("bad-request", "the headers are no list of a usable length")
    found = []
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise IpcError("bad-request", "a header is a name and a value")
        found.append(Header(pair[0], pair[1]))
    return found


def _rules(fields: params.Fields) -> tuple[Rule, ...]:
    value = fields.raw.get("narrowed") or []
    if not isinstance(value, list) or len(value) > CHAIN_LIMITS.rules:
        raise IpcError("bad-request", "the narrowed rules are no list of a usable length")
    found = []
    for each in value:
        match each:
            case [str(group), str(resource), str(subresource), str(namespace), list(verbs)] if all(
                isinstance(verb, str) for verb in verbs
            ):
                found.append(Rule(group, resource, subresource, namespace, tuple(verbs)))
            case _:
                raise IpcError("bad-request", "a rule is group, resource, subresource, namespace and verbs")
    return tuple(found)
