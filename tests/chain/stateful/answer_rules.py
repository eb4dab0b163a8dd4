"""What enclaves sign, honest or not: answers, violations, replays, and evidence against them."""

from collections import Counter
from dataclasses import dataclass, replace

import hypothesis.strategies as st
from hypothesis.stateful import rule

from chain.bindings import calls, events
from chain.payload import chunks_hash
from chain.statements import (
    ANSWER_DOMAIN,
    ANSWER_STATEMENT,
    VIOLATION_DOMAIN,
    VIOLATION_STATEMENT,
    AnswerStatement,
    ViolationStatement,
)
from localnet.ledger import ExecutedTransaction
from sui.builder import ProgrammableBuilder
from sui.keys import Ed25519Key
from sui.types import Address

from .actors import key
from .base import Base
from .books import Flows
from .model import CLOCK_SKEW_MS, Cluster, Deposit, Enclave, Receipt, Request, broken

NOBODY = Address(bytes(32))


@dataclass(frozen=True)
class Said:
    """An answer's statement with its signature, and the enclave whose key really signed it."""

    statement: AnswerStatement
    signature: bytes
    signer: Ed25519Key
    body: bytes


class AnswerRules(Base):
    """Everything that ends a request by a signature, and what two signatures prove."""

    def statement(self, request: Request, cluster: Cluster, enclave: Enclave, body: bytes, **told) -> AnswerStatement:
        """What an honest enclave would sign now; `told` replaces parts."""
        return replace(
            AnswerStatement(
                domain=ANSWER_DOMAIN,
                chain_id=bytes(self.stage.ledger.chain_id),
                package=self.stage.code[1].original,
                cluster=cluster.ref.object_id,
                enclave=enclave.ref.object_id,
                epoch=request.epoch,
                sequence=len(self.said),
                config_version=request.config_version,
                request_id=request.ref.object_id,
                payload_hash=request.payload_hash,
                status=200,
                body_hash=chunks_hash((body,) if body else ()),
                executed_at=self.now,
                answer_until=request.answer_until,
            ),
            **told,
        )

    def say(self, signer: Ed25519Key, statement: AnswerStatement, body: bytes = b"") -> Said:
        said = Said(statement, signer.sign(ANSWER_STATEMENT.encode(statement)), signer, body)
        self.said.append(said)
        return said

    def told(self, data: st.DataObject, request: Request, enclave: Enclave) -> tuple[calls.Answer, set[str], int]:
        """One answer to a request, what is wrong with it, and when it says it was executed."""
        cluster = request.cluster
        inline = max(request.response_inline, cluster.settings["response_inline_bytes"])
        body = bytes(self.choose(data, "bytes", [0, 5, inline], [inline + 1]))
        status = self.choose(data, "status", [200, 504], [99, 600])
        at = self.now + self.choose(data, "executed", [0, -10], [CLOCK_SKEW_MS, CLOCK_SKEW_MS + 1, -100_000])
        signer = self.choose(data, "signer", [enclave.key], [*self.enclave_keys, key("stranger")])
        said = self.say(
            signer, self.statement(request, cluster, request.enclave, body, status=status, executed_at=at), body
        )
        if self.slips(data, "replay"):
            said = self.one(data, "replayed", self.said)
        statement = said.statement
        given = statement
        if self.slips(data, "altered"):
            altered = {"status": 201, "sequence": 10**6, "executed_at": self.now - 1, "body_hash": b"\x02" * 32}
            name = data.draw(st.sampled_from(sorted(altered)), label="part")
            given = replace(statement, **{name: altered[name]})
        outside = self.choose(data, "body", [False], [True])
        length = 300_000 if outside else len(said.body)
        answer = calls.Answer(
            request.ref,
            given.sequence,
            given.status,
            None if outside else said.body,
            given.body_hash,
            length,
            given.executed_at,
            said.signature,
        )
        # What the contract rebuilds of its own knowledge, with what the sender gave.
        rebuilt = self.statement(
            request,
            cluster,
            request.enclave,
            b"",
            sequence=given.sequence,
            status=given.status,
            body_hash=given.body_hash,
            executed_at=given.executed_at,
        )
        hash_fits = given.body_hash == chunks_hash((said.body,) if said.body else ())
        refusals = broken(
            answer__EStatus=not 100 <= given.status <= 599,
            answer__EBodyTooLong=not outside and len(said.body) > inline,
            chunks__EHashMismatch=not outside and not hash_fits,
            answer__ESignature=said.signer is not enclave.key or rebuilt != statement,
        )
        return answer, refusals, given.executed_at

    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        """An enclave, or somebody in its place, stores an answer or several."""
        if not self.requests:
            return
        waiting = [each for each in self.requests if not each.over]
        if not waiting and not self.slips(data, "one that is over"):
            return
        first = self.choose(data, "request", waiting, self.requests)
        requests = [first]
        if data.draw(st.booleans(), label="several"):
            near = [each for each in waiting if each.enclave is first.enclave and each is not first]
            more = data.draw(st.integers(0, 2), label="more")
            requests += near[:more]
            requests += [first] if self.slips(data, "twice") else []
        if not first.over and self.slips(data, "waits"):
            self.pass_to(first.answer_until + self.one(data, "ms after its time", [0, 1]))
        cluster = self.choose(data, "cluster", [first.cluster], self.clusters)
        enclave = self.choose(data, "enclave", [first.enclave], self.enclaves)
        who = self.someone(data, "sender", enclave.key)
        code = self.version(data, cluster)
        builder = ProgrammableBuilder()
        answers = []
        refusals = broken(ledger__Twice=len({id(each) for each in requests}) < len(requests))
        for request in requests:
            answer, wrong, at = self.told(data, request, enclave)
            answers.append(answer)
            refusals |= wrong | request.refuse_end(cluster, enclave, who, code, now=self.now, at=at)
        given = (builder, self.stage.code[code], cluster.ref, enclave.ref)
        if len(requests) > 1 or data.draw(st.booleans(), label="as a batch"):
            calls.store_k8s_responses(*given, answers)
        else:
            calls.store_k8s_response(*given, answers[0])

        def apply(done: ExecutedTransaction) -> Flows:
            flows: Flows = Counter()
            for request in requests:
                request.over = True
                flows.update(self.pay(request.ref.object_id, enclave.key.address, request.deposit))
            made = self.stage.made(done, "Receipt")
            assert len(made) == sum(request.deposit > 0 for request in requests)
            for each in made:
                asked = next(one for one in requests if one.ref.object_id == self.stage.read(each).request_id)
                self.receipts.append(Receipt(each, asked.sender))
            return flows

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def violation(self, data: st.DataObject) -> None:
        """An enclave says that a payload was not what its envelope said: it costs a part of the stake."""
        if not self.requests:
            return
        waiting = [each for each in self.requests if not each.over]
        own = [each for each in waiting if each.sender is each.token.owner]
        if not waiting and not self.slips(data, "one that is over"):
            return
        request = self.choose(data, "request", own or waiting, self.requests)
        cluster = self.choose(data, "cluster", [request.cluster], self.clusters)
        enclave = self.choose(data, "enclave", [request.enclave], self.enclaves)
        token = self.choose(data, "token", [request.token], self.tokens)
        who = self.someone(data, "sender", enclave.key)
        code = self.version(data, cluster)
        signer = self.choose(data, "signer", [enclave.key], [*self.enclave_keys, key("stranger")])
        at = self.now + self.choose(data, "found", [0, -10], [CLOCK_SKEW_MS + 1, -100_000])
        other = self.choose(data, "signed request", [request], self.requests)
        statement = ViolationStatement(
            domain=VIOLATION_DOMAIN,
            chain_id=bytes(self.stage.ledger.chain_id),
            package=self.stage.code[1].original,
            cluster=request.cluster.ref.object_id,
            enclave=request.enclave.ref.object_id,
            epoch=request.epoch,
            sequence=7,
            config_version=request.config_version,
            request_id=other.ref.object_id,
            payload_hash=request.payload_hash,
            found_at=at,
            answer_until=request.answer_until,
        )
        signature = signer.sign(VIOLATION_STATEMENT.encode(statement))
        builder = ProgrammableBuilder()
        said = calls.Violation(request.ref, token.ref, 7, at, signature)
        calls.store_k8s_violation(builder, self.stage.code[code], cluster.ref, enclave.ref, said)
        refusals = request.refuse_end(cluster, enclave, who, code, now=self.now, at=at) | broken(
            answer__EOtherToken=token is not request.token,
            answer__EUnderGrant=request.sender is not token.owner,
            answer__ESignature=signer is not enclave.key or other is not request,
        )

        def apply(done: ExecutedTransaction) -> Flows:
            request.over = True
            lost = token.stake.take(token.stake.balance * cluster.penalties.violation_bps // 10_000)
            token.changed()
            told = [events.decode_event(self.stage.code[1].original, each.type, each.contents) for each in done.events]
            assert [each.lost for each in told if isinstance(each, events.K8sViolationStored)] == [lost]
            flows = self.pay(token.ref.object_id, NOBODY, lost)
            flows.update(self.pay(request.ref.object_id, request.sender.address, request.deposit))
            return flows

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def delete_receipt(self, data: st.DataObject) -> None:
        """Whoever has a receipt deletes it; the storage rebate is his who pays for that."""
        if not self.receipts:
            return
        receipt = self.one(data, "receipt", self.receipts)
        who = self.someone(data, "sender", receipt.holder)
        builder = ProgrammableBuilder()
        code = self.stage.code[data.draw(st.sampled_from([1, 2]), label="package version")]
        calls.delete_receipt(builder, code, self.owned(receipt))
        self.step(who, builder, self.not_held(who, receipt), lambda _: self.receipts.remove(receipt))

    @rule(data=st.data())
    def report(self, data: st.DataObject) -> None:
        """Somebody reports two answers: of an enclave that lied, or made up, or long ago."""
        if not self.requests:
            return
        former = [each for each in self.requests if each.enclave is not each.cluster.active]
        request = self.choose(data, "request", former, self.requests)
        enclave = self.choose(data, "enclave", [request.enclave], self.enclaves)
        cluster = self.choose(data, "cluster", [enclave.cluster], self.clusters)
        code = self.version(data, cluster)
        who = self.one(data, "reporter", [*self.people[5:], *self.people[:5]])
        window = cluster.delays["evidence_ms"]
        times = [self.now + each for each in (0, -window, -window - 1, CLOCK_SKEW_MS, CLOCK_SKEW_MS + 1)]
        first_at = self.choose(data, "first executed", times[:2], times)
        second_at = self.choose(data, "second executed", times[:2], times)
        signer = self.one(data, "signer", [enclave.key, key("stranger")])
        differs = self.choose(data, "differs", ["status", "body_hash"], ["sequence"])
        told = {"status": 404, "body_hash": b"\x03" * 32, "sequence": 10**7}
        one = self.statement(request, enclave.cluster, enclave, b"", executed_at=first_at)
        two = replace(one, executed_at=second_at, **{differs: told[differs]})
        answers = [(each, signer.sign(ANSWER_STATEMENT.encode(each))) for each in (one, two)]
        count = self.choose(data, "answers", [2], [1])
        builder = ProgrammableBuilder()
        calls.report_equivocation(
            builder,
            self.stage.code[code],
            cluster.ref,
            enclave.ref,
            request_id=request.ref.object_id,
            answers=answers[:count],
        )
        latest = max(first_at, second_at)
        refusals = cluster.refuse_code(code) | broken(
            evidence__ETwoAnswers=count != 2,
            evidence__ESameAnswer=differs == "sequence",
            evidence__EFuture=latest > self.now + CLOCK_SKEW_MS,
            evidence__EWindowOver=self.now > latest + window,
            evidence__ESignature=signer is not enclave.key or cluster is not enclave.cluster,
            enclave__EWrongCluster=cluster is not enclave.cluster,
            enclave__EConvicted=enclave.convicted,
        )

        def apply(_: ExecutedTransaction) -> Flows:
            enclave.convicted = enclave.revoked = True
            bond = cluster.bonds.pop(enclave.operator.id, Deposit())
            cluster.changed()
            reward = bond.balance * cluster.penalties.reporter_bps // 10_000
            assert reward * 10 <= bond.balance
            flows = self.pay(cluster.ref.object_id, who.address, reward)
            flows.update(self.pay(cluster.ref.object_id, NOBODY, bond.balance - reward))
            return flows

        self.step(who, builder, refusals, apply)
