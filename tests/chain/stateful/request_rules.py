"""Requests: by the owner, by a gateway under his grant, with a receipt, several at once; and their expiry."""

from dataclasses import dataclass, replace

import hypothesis.strategies as st
from hypothesis.stateful import rule

from chain.bindings import calls, events
from chain.rules import Envelope, allows
from chain.statements import GRANT_DOMAIN, GRANT_STATEMENT, GrantStatement
from localnet.ledger import ExecutedTransaction
from sui.builder import ProgrammableBuilder
from sui.keys import Ed25519Key

from .actors import key
from .base import RULES, WITHIN, Base
from .books import Flows
from .model import KEEPER_DELAY_MS, Cluster, Enclave, Request, Token, broken

MAX_PAYLOAD_BYTES = 3_211_264
ENVELOPES = (
    Envelope("create", "", "pods", "", "default"),
    Envelope("get", "", "pods", "", "default"),
    Envelope("get", "", "pods", "exec", "default"),
    Envelope("get", "", "", "/metrics/cadvisor", ""),
    Envelope("delete", "apps", "deployments", "", "default"),
    Envelope("get", "", "secrets", "", "kube-system"),
)


@dataclass(frozen=True)
class Asking:
    """Who asks whom for what, under which version."""

    cluster: Cluster
    enclave: Enclave
    token: Token
    who: Ed25519Key
    code: int
    asked: tuple[calls.Submission, ...]
    refusals: frozenset[str]

    @property
    def named(self) -> dict[str, calls.SharedRef]:
        return {"cluster": self.cluster.ref, "enclave": self.enclave.ref, "token": self.token.ref}


class RequestRules(Base):
    """Everything that makes a request, and what ends it unanswered."""

    def asking(self, data: st.DataObject, most: int = 1, *, as_enclave: bool = False) -> Asking:
        """Mostly what is allowed, with any of its parts wrong now and then."""
        cluster = self.cluster(data)
        active = [cluster.active] if cluster.active else []
        enclave = self.choose(data, "enclave", active, self.enclaves)
        usable = [each for each in self.tokens if self.is_usable(each, cluster)]
        token = self.choose(data, "token", usable, self.tokens)
        who = self.someone(data, "sender", enclave.key if as_enclave else token.owner)
        code = self.version(data, cluster)
        count = data.draw(st.integers(0 if most > 1 else 1, most), label="how many")
        refusals = enclave.refuse_use(cluster, code, self.now)
        refusals |= broken(
            enclave__ENotActive=enclave is not cluster.active,
            request__EBatchLength=count == 0,
            request__ENotOwner=not as_enclave and who is not token.owner,
        )
        if not count:
            refusals = broken(request__EBatchLength=True, request__ENotOwner="request::ENotOwner" in refusals)
        asked = []
        for _ in range(count):
            one, wrong = self.ask(data, cluster, token, code)
            asked.append(one)
            refusals |= wrong
        return Asking(cluster, enclave, token, who, code, tuple(asked), frozenset(refusals))

    def is_usable(self, token: Token, cluster: Cluster) -> bool:
        """Whether it may be used for something now."""
        in_time = token.usable_from <= self.now < token.expires_at
        return in_time and token.cluster is cluster and token.version == cluster.version and not token.revoked

    def ask(self, data: st.DataObject, cluster: Cluster, token: Token, code: int) -> tuple[calls.Submission, set[str]]:
        """One thing to ask for, and what is wrong with it."""
        envelope = self.choose(data, "envelope", [each for each in ENVELOPES if allows(token.rules, each)], ENVELOPES)
        stream = data.draw(st.integers(0, 5), label="5 is a stream") == 5
        longest = cluster.settings["max_stream_ms" if stream else "max_deadline_ms"]
        wait = self.choose(data, "ms to the deadline", [min(longest, 10_000), longest], [0, longest + 1])
        inline = cluster.settings["request_inline_bytes"]
        size = self.choose(data, "bytes", [9, inline, inline + 1], [0, MAX_PAYLOAD_BYTES + 1])
        payload = bytes(size)
        asked = calls.submission(envelope, payload, deadline=self.now + wait, inline_bytes=inline, stream=stream)
        flaw = self.choose(data, "payload", [None], ["another hash", "another length", "too long inline"])
        if flaw == "another hash":
            asked = replace(asked, payload_hash=b"\x01" * (31 if asked.payload is None else 32))
        elif flaw == "another length" and asked.payload is not None:
            asked = replace(asked, payload_length=size + 1)
        elif flaw == "too long inline":
            asked = replace(calls.submission(envelope, bytes(inline + 1), deadline=asked.deadline, inline_bytes=10**6))
        has = asked.payload or b""
        return asked, token.refuse_use(cluster, envelope, code, self.now) | broken(
            request__EDeadlinePassed=asked.deadline <= self.now,
            request__EDeadlineTooFar=asked.deadline
            > self.now + cluster.settings["max_stream_ms" if asked.stream else "max_deadline_ms"],
            request__ENoPayload=asked.payload_length == 0,
            request__EPayloadTooLong=asked.payload_length > MAX_PAYLOAD_BYTES or len(has) > inline,
            chunks__EHashMismatch=bool(has) and flaw == "another hash",
            chunks__EHashLength=not has and flaw == "another hash",
            chunks__ELengthMismatch=bool(has) and flaw == "another length",
        )

    def take(self, asking: Asking, done: ExecutedTransaction, deposit: int = 0) -> None:
        """The requests that a transaction made."""
        original = self.stage.code[1].original
        told = [events.decode_event(original, each.type, each.contents) for each in done.events]
        assert len(told) == len(asking.asked)
        cluster = asking.cluster
        for asked, each in zip(asking.asked, told, strict=True):
            assert isinstance(each, events.K8sAPIRequest)
            assert each.payload_hash == asked.payload_hash
            assert each.answer_until == asked.deadline + cluster.delays["answer_window_ms"]
            self.requests.append(
                Request(
                    self.stage.shared(each.request_id),
                    cluster,
                    asking.enclave,
                    asking.token,
                    asking.who,
                    self.now,
                    each.answer_until,
                    deposit,
                    cluster.settings["min_bond"],
                    cluster.settings["response_inline_bytes"],
                    asking.enclave.epoch,
                    cluster.config_version,
                    asked.payload_hash,
                )
            )

    @rule(data=st.data())
    def submit(self, data: st.DataObject) -> None:
        """The owner asks for one thing, or for several at once."""
        many = data.draw(st.booleans(), label="several")
        asking = self.asking(data, 3 if many else 1)
        builder = ProgrammableBuilder()
        code = self.stage.code[asking.code]
        if many:
            calls.submit_many(builder, code, **asking.named, asked=asking.asked)
        else:
            calls.submit(builder, code, **asking.named, asked=asking.asked[0])
        self.step(asking.who, builder, set(asking.refusals), lambda done: self.take(asking, done))

    @rule(data=st.data())
    def submit_with_receipt(self, data: st.DataObject) -> None:
        """The owner asks for one thing, and leaves the deposit for a receipt."""
        asking = self.asking(data)
        builder = ProgrammableBuilder()
        wanted = asking.cluster.settings["receipt_deposit"]
        deposit = self.choose(data, "deposit", [wanted], [wanted - 1, wanted + 1, 0])
        code = self.stage.code[asking.code]
        calls.submit_with_receipt(builder, code, **asking.named, asked=asking.asked[0], deposit=deposit)

        def apply(done: ExecutedTransaction) -> Flows:
            self.take(asking, done, deposit)
            return self.pay(asking.who.address, self.requests[-1].ref.object_id, deposit)

        self.step(asking.who, builder, {*asking.refusals} | broken(request__EDeposit=deposit != wanted), apply)

    @rule(data=st.data())
    def submit_with_grant(self, data: st.DataObject) -> None:
        """A gateway asks in the name of a token's owner, for one thing or for several at once."""
        many = data.draw(st.booleans(), label="several")
        asking = self.asking(data, 3 if many else 1, as_enclave=True)
        grant, refusals = self.grant(data, asking)
        builder = ProgrammableBuilder()
        code = self.stage.code[asking.code]
        if many:
            calls.submit_many_with_grant(builder, code, **asking.named, grant=grant, asked=asking.asked)
        else:
            calls.submit_with_grant(builder, code, **asking.named, grant=grant, asked=asking.asked[0])
        self.step(asking.who, builder, {*asking.refusals, *refusals}, lambda done: self.take(asking, done))

    def grant(self, data: st.DataObject, asking: Asking) -> tuple[calls.SignedGrant, set[str]]:
        """A grant, and what is wrong with it."""
        token = asking.token
        narrower = [rules for rules in RULES if (rules, token.rules) in WITHIN]
        rules = self.choose(data, "grant's rules", [(), *narrower], RULES)
        signer = self.choose(data, "signer", [token.owner], [key("stranger"), asking.enclave.key])
        delegate = self.choose(data, "delegate", [asking.who], self.enclave_keys)
        other_token = self.choose(data, "granted token", [token], self.tokens)
        begins = self.choose(data, "begins", [0, -5_000], [1])
        ends = self.choose(data, "ends", [60_000, 1], [0])
        statement = GrantStatement(
            domain=GRANT_DOMAIN,
            chain_id=bytes(self.stage.ledger.chain_id),
            package=self.stage.code[1].original,
            cluster=asking.cluster.ref.object_id,
            token=other_token.ref.object_id,
            delegate=delegate.address,
            session=bytes(self.choose(data, "session's length", [32], [31])),
            not_before=self.now + begins,
            expires_at=self.now + ends,
            rules=rules,
        )
        signature = signer.sign(GRANT_STATEMENT.encode(statement))
        given = calls.SignedGrant(statement.session, statement.not_before, statement.expires_at, rules, signature)
        return given, broken(
            request__ENotDelegate=asking.who is not asking.enclave.key,
            grant__ESessionLength=len(statement.session) != 32,
            grant__ENotYetValid=begins > 0,
            grant__EExpired=ends <= 0,
            grant__EWiderThanToken=bool(rules) and (rules, token.rules) not in WITHIN,
            grant__ENotAllowed=bool(rules) and not all(allows(rules, each.envelope) for each in asking.asked),
            grant__ESignature=signer is not token.owner or other_token is not token or delegate is not asking.who,
        )

    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        """A request that nobody answered ends: by its requester, later by anybody; at every version."""
        if not self.requests:
            return
        waiting = [each for each in self.requests if not each.over]
        if not waiting and not self.slips(data, "one that is over"):
            return
        request = self.choose(data, "request", waiting, self.requests)
        if not request.over and data.draw(st.booleans(), label="let it be late"):
            late = self.one(data, "how late", [1, KEEPER_DELAY_MS + 1, KEEPER_DELAY_MS, 0])
            self.pass_to(request.answer_until + late)
        who = self.one(data, "sender", [request.sender, key("keeper")])
        builder = ProgrammableBuilder()
        code = self.stage.code[data.draw(st.sampled_from([1, 2]), label="package version")]
        calls.expire_request(builder, code, request.ref)

        def apply(_: ExecutedTransaction) -> Flows:
            request.over = True
            return self.pay(request.ref.object_id, request.sender.address, request.deposit)

        self.step(who, builder, request.refuse_expiry(who, self.now), apply)
