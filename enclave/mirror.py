"""Keeps the apiserver's RBAC equal to what tokens may do.

Role: before a request runs, make sure that its user's roles are there, current, and already seen by the authorizer.

Rules:
- Everything here is applied as the appliance itself, by server-side apply, and carries the appliance's label.
- What is in force is asked of the apiserver (a SubjectAccessReview of the marker rule), never assumed.
- Of what events told of a token the newest counts, whoever asks and in whatever order: rules of an older revision, or
  of before wider ones were due, are never applied over newer ones.
- A namespace that appears gets its Roles before its creation is answered; one that is going away gets none.
- What an earlier life of the executor left is taken over; what no rule asks for any more is deleted.

The translation itself is `enclave.rbac`. It decides nothing: the contract does.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import structlog

from enclave.execution_errors import ApiserverError, MirrorError
from enclave.execution_limits import LIMITS, ExecutionLimits
from enclave.execution_ports import Call
from enclave.rbac import INNER, LABEL, MARKER_GROUP, OWNER, effective_rules, mirror, parse_discovery, user_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from chain.rules import Rule
    from chain.tokens import SealToken
    from enclave.execution_ports import Apiserver, Reply
    from enclave.rbac import Mirror, Resource, User
    from sui.types import Address

_log = structlog.get_logger()
_JSON: Final = (("Accept", "application/json"), ("Content-Type", "application/json"))
_APPLY: Final = (("Accept", "application/json"), ("Content-Type", "application/apply-patch+yaml"))
_DISCOVERY: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_LABELLED: Final = f"labelSelector={quote(f'{LABEL}={OWNER}')}"
_KINDS: Final = ("clusterrolebindings", "clusterroles", "rolebindings", "roles")
_API: Final = "/apis/rbac.authorization.k8s.io/v1"
_CALL_S: Final = 10.0


@dataclass
class _Applied:
    """What stands in the apiserver for one user; `basis` is what it was made from, where nothing of it is missing."""

    paths: frozenset[str] = frozenset()
    marker: str = ""
    basis: tuple[object, ...] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class RoleMirror:
    """The mirrored users and their roles."""

    def __init__(
        self,
        apiserver: Apiserver,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limits: ExecutionLimits = LIMITS,
    ) -> None:
        """Know nothing yet; `start` asks the apiserver."""
        self._apiserver = apiserver
        self._monotonic = monotonic
        self._sleep = sleep
        self._limits = limits
        self._applied: dict[str, _Applied] = {}
        self._wanted: dict[str, tuple[User, tuple[Rule, ...]]] = {}
        self._newest: dict[Address, SealToken] = {}
        self._resources: tuple[Resource, ...] = ()
        self._discovered_at = float("-inf")
        self._namespaces: frozenset[str] = frozenset()
        self._started = asyncio.Lock()
        self._ready = False

    def reset(self) -> None:
        """Forget what stands in the apiserver: it has started anew."""
        self._ready = False

    async def ensure(self, token: SealToken, narrowed: Sequence[Rule] = (), *, wanted: tuple[str, str, str]) -> User:
        """Have a user's roles in force, and name him.

        Args:
            token: the token, as authenticated events tell it, at the ledger's time (`SealToken.at`).
            narrowed: the grant's narrower rules.
            wanted: group, resource and namespace of the request that will run.

        Raises:
            MirrorError: the apiserver does not take them, or does not show them in time.
        """
        try:
            self._keep_newest(token)
            await self._start()
            newest = self._newest[token.token]
            rules = self._rules(newest, narrowed)
            group, resource, namespace = wanted
            if any("*" in {rule.resource, rule.subresource} or not rule.namespace for rule in rules):
                await self._discover_if_new(group, resource)
            if namespace and namespace not in self._namespaces:
                await self._list_namespaces()
            user = user_of(token.token, token.owner, narrowed)
            if self._newest[token.token] is not newest:
                # Another request has told of a newer state meanwhile.
                rules = self._rules(self._newest[token.token], narrowed)
            self._wanted[user.role] = (user, rules)
            await self._apply(user)
        except ApiserverError as error:
            raise MirrorError(f"the token's rules cannot be mirrored now: {error}") from error
        return user

    async def drop(self, token: SealToken) -> None:
        """Delete a revoked token's roles, those of narrowed grants too."""
        self._keep_newest(token)
        try:
            await self._start()
            plain = user_of(token.token, token.owner).role
            for role in [role for role in self._applied if role == plain or role.startswith(f"{plain}:")]:
                self._wanted.pop(role, None)
                async with self._applied[role].lock:
                    await self._delete(self._applied[role].paths)
                del self._applied[role]
        except ApiserverError as error:
            _log.warning("mirror-drop-failed", token=str(token.token), error=str(error))

    async def namespaces_changed(self) -> None:
        """Make the Roles that belong into namespaces which have just appeared.

        Raises:
            MirrorError: the apiserver does not take them.
        """
        try:
            await self._list_namespaces()
            for user, _ in tuple(self._wanted.values()):
                await self._apply(user)
        except ApiserverError as error:
            raise MirrorError(f"the roles of a new namespace cannot be made now: {error}") from error

    def namespace_going(self, namespace: str) -> None:
        """Forget a namespace that is being deleted: if it comes again, its Roles are made anew."""
        self._namespaces -= {namespace}
        inside = f"/namespaces/{namespace}/"
        for applied in self._applied.values():
            if any(inside in path for path in applied.paths):
                applied.paths = frozenset(path for path in applied.paths if inside not in path)
                applied.marker, applied.basis = "", None

    # ---- inside --------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        async with self._started:
            if self._ready:
                return
            await self._discover()
            await self._list_namespaces()
            self._applied = {}
            for kind in _KINDS:
                for item in (await self._get(f"{_API}/{kind}?{_LABELLED}")).get("items") or []:
                    self._take_over(kind, item["metadata"])
            self._ready = True

    def _take_over(self, kind: str, metadata: dict[str, Any]) -> None:
        namespace, name = metadata.get("namespace"), metadata["name"]
        where = f"{_API}/namespaces/{namespace}/{kind}/{name}" if namespace else f"{_API}/{kind}/{name}"
        applied = self._applied.setdefault(name, _Applied())
        applied.paths |= {where}

    def _keep_newest(self, token: SealToken) -> None:
        known = self._newest.get(token.token)
        if known is None or _age(token) >= _age(known):
            self._newest[token.token] = token

    def _rules(self, token: SealToken, narrowed: Sequence[Rule]) -> tuple[Rule, ...]:
        return () if token.revoked else tuple(effective_rules(token.rules, narrowed, self._limits))

    async def _apply(self, user: User) -> None:
        applied = self._applied.setdefault(user.role, _Applied())
        async with applied.lock:
            wanted = self._wanted.get(user.role)
            if wanted is None:
                return  # it was revoked meanwhile
            rules = wanted[1]
            basis = (user, rules, self._resources, self._namespaces)
            if applied.basis == basis:
                return
            desired = mirror(user, rules, self._resources, self._namespaces)
            paths = frozenset(each.path for each in desired.objects)
            if applied.marker == desired.marker and applied.paths == paths:
                applied.basis = basis
                return
            made = await asyncio.gather(*(self._put(each.path, each.body) for each in desired.objects))
            await self._delete(applied.paths - paths)
            there = frozenset(path for path, done in zip((o.path for o in desired.objects), made, strict=True) if done)
            await self._wait_visible(desired, there)
            applied.paths, applied.marker = there, desired.marker
            applied.basis = basis if there == paths else None
            _log.info("mirrored", user=user.name, objects=len(there))

    async def _put(self, path: str, body: bytes) -> bool:
        """Apply one object; False where its namespace is gone or going."""
        target = f"{path}?fieldManager={OWNER}&force=true"
        reply = await self._apiserver.call(Call("PATCH", target, _APPLY, body), timeout_s=_CALL_S)
        if reply.status in {200, 201}:
            return True
        if "/namespaces/" in path and reply.status in {403, 404, 409}:
            return False
        raise MirrorError(f"the apiserver refuses {path}: {reply.status} {_message(reply)}")

    async def _delete(self, paths: frozenset[str]) -> None:
        for path in sorted(paths):
            reply = await self._apiserver.call(Call("DELETE", path, _JSON), timeout_s=_CALL_S)
            if reply.status not in {200, 202, 404}:
                raise MirrorError(f"the apiserver does not delete {path}: {reply.status} {_message(reply)}")

    async def _wait_visible(self, desired: Mirror, there: frozenset[str]) -> None:
        """Return once the authorizer, which reads from a watch, has seen the new roles."""
        places = {_namespace_of(path) for path in there}
        deadline = self._monotonic() + self._limits.mirror_visible_s
        while places:
            place = min(places)
            if await self._visible(desired, place):
                places.discard(place)
            elif self._monotonic() >= deadline:
                raise MirrorError("the apiserver's authorizer has not seen the new roles in time")
            else:
                await self._sleep(self._limits.mirror_poll_s)

    async def _visible(self, desired: Mirror, namespace: str) -> bool:
        resource = desired.marker + (INNER if namespace else "")
        attributes = {"group": MARKER_GROUP, "resource": resource, "verb": "get", "namespace": namespace}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": desired.user.name, "groups": [], "resourceAttributes": attributes},
        }
        call = Call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", _JSON, json.dumps(review).encode())
        answer = _json(await self._apiserver.call(call, timeout_s=_CALL_S))
        return bool(answer.get("status", {}).get("allowed"))

    async def _discover_if_new(self, group: str, resource: str) -> None:
        known = any(each.group == group and each.name == resource for each in self._resources)
        fresh = self._monotonic() - self._discovered_at < self._limits.discovery_fresh_s
        if resource and not known and not fresh:
            await self._discover()

    async def _discover(self) -> None:
        documents = [await self._get(path, accept=_DISCOVERY) for path in ("/api", "/apis")]
        self._resources = parse_discovery(*documents)
        self._discovered_at = self._monotonic()

    async def _list_namespaces(self) -> None:
        items = (await self._get("/api/v1/namespaces")).get("items") or []
        self._namespaces = frozenset(
            item["metadata"]["name"] for item in items if "deletionTimestamp" not in item["metadata"]
        )

    async def _get(self, target: str, *, accept: str = "application/json") -> dict[str, Any]:
        return _json(await self._apiserver.call(Call("GET", target, (("Accept", accept),)), timeout_s=_CALL_S))


def _age(token: SealToken) -> tuple[int, bool]:
    """What tells a newer state of a token from an older one: within a revision, pending rules come to hold once."""
    return token.revision, not token.pending_rules


def _namespace_of(path: str) -> str:
    return path.split("/namespaces/", 1)[1].split("/", 1)[0] if "/namespaces/" in path else ""


def _json(reply: Reply) -> dict[str, Any]:
    if reply.status not in {200, 201}:
        raise MirrorError(f"the apiserver answers the appliance with {reply.status}: {_message(reply)}")
    try:
        document = json.loads(reply.body)
    except ValueError as error:
        raise MirrorError("the apiserver's answer to the appliance is no JSON") from error
    if not isinstance(document, dict):
        raise MirrorError("the apiserver's answer to the appliance is no object")
    return document


def _message(reply: Reply) -> str:
    try:
        return str(json.loads(reply.body).get("message", ""))[:300]
    except (ValueError, AttributeError):
        return ""
