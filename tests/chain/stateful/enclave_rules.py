"""Challenges, registrations by simulated documents, activation, renewal, revocation."""

from dataclasses import dataclass

import hypothesis.strategies as st
from hypothesis.stateful import initialize, rule

from chain.bindings import calls
from localnet.ledger import ExecutedTransaction
from sui.builder import ProgrammableBuilder
from sui.keys import Ed25519Key
from tests.chain.contract_world import CA_HASH, CONFIGURATION, HPKE_KEY, PCRS

from .base import Base
from .books import Flows
from .cluster_rules import OTHER_CONFIGURATION, OTHER_PCRS
from .model import Approval, Cap, Challenge, Cluster, Deposit, Enclave, broken

DOCUMENT_SKEW_MS = 300_000
TOO_OLD = DOCUMENT_SKEW_MS + 1
FLAWS = ("another nonce", "too old", "debug", "another manifest", "altered")


@dataclass(frozen=True)
class Proof:
    """A document, with what it says and what is wrong with it."""

    document: bytes
    pcrs: object
    configuration: bytes
    refusals: set[str]


class EnclaveRules(Base):
    """The way of an enclave, with documents that may lie."""

    @initialize()
    def begin(self) -> None:
        """Two clusters with their bonds and an active enclave each; people and keys are the same in both."""
        for place, (admin, operator) in enumerate(((0, 2), (1, 3))):
            self.create(self.people[admin], self.people[operator])
            cluster = self.clusters[place]
            self.start_enclave(cluster, self.enclave_keys[place], PCRS, CONFIGURATION)

    @rule()
    def recover(self) -> None:
        """Where no enclave is of use any more, the operator of the first cluster does everything right."""
        cluster = self.clusters[0]
        fresh = [each for each in self.enclave_keys if each.public not in cluster.keys]
        dead = cluster.active is None or cluster.active.refuse_use(cluster, cluster.version, self.now)
        image, configuration = self.held(cluster.measurements), self.held(cluster.configurations)
        if not dead or not fresh or not image or not configuration:
            return
        self.start_enclave(cluster, fresh[0], image, configuration)

    def held(self, entries: list[Approval]):
        """Something that is approved now."""
        return next((each.what for each in entries if each.retired_at is None and each.valid_from <= self.now), None)

    def start_enclave(self, cluster: Cluster, key: Ed25519Key, image, configuration: bytes) -> None:
        """Bond, challenge, registration and activation, all as they should be."""
        cap, code = cluster.operator, cluster.version
        if cluster.bond_of(cap) < cluster.settings["min_bond"]:
            self.fill_bond(cluster)
        self.challenge_as(cluster, cap, cap.holder, code, set())
        challenge = self.challenges[-1]
        proof = self.prove(cluster, challenge, key, pcrs=image, configuration=configuration)
        self.register_as(cluster, cap, challenge, key=key, proof=proof, who=cap.holder, code=code, refusals=set())
        self.activate_as(cluster, cap, self.enclaves[-1], who=cap.holder, code=code, refusals=set())

    def fill_bond(self, cluster: Cluster) -> None:
        cap, amount = cluster.operator, cluster.settings["min_bond"]
        builder = ProgrammableBuilder()
        code = self.stage.code[cluster.version]
        calls.add_bond(builder, code, cluster.ref, self.owned(cap), self.coin(builder, amount))

        def apply(_: ExecutedTransaction) -> Flows:
            cluster.bonds.setdefault(cap.id, Deposit()).balance += amount
            cluster.changed()
            return self.pay(cap.holder.address, cluster.ref.object_id, amount)

        self.step(cap.holder, builder, set(), apply)

    def by_operator(self, data: st.DataObject) -> tuple[Cluster, Cap, Ed25519Key, int, set[str]]:
        """A cluster, an OperatorCap, who sends, which version he calls, and what is wrong with that."""
        cluster = self.cluster(data)
        cap = self.choose(data, "OperatorCap", [cluster.operator], self.operators)
        who = self.someone(data, "sender", cap.holder)
        code = self.version(data, cluster)
        return cluster, cap, who, code, cluster.refuse_operator(cap, code) | self.not_held(who, cap)

    @rule(data=st.data())
    def challenge(self, data: st.DataObject) -> None:
        """An operator asks for a nonce."""
        cluster, cap, who, code, refusals = self.by_operator(data)
        self.challenge_as(cluster, cap, who, code, refusals)

    def challenge_as(self, cluster: Cluster, cap: Cap, who: Ed25519Key, code: int, refusals: set[str]) -> None:
        builder = ProgrammableBuilder()
        calls.new_challenge(builder, self.stage.code[code], cluster.ref, self.owned(cap))

        def apply(done: ExecutedTransaction) -> None:
            ends = self.now + cluster.settings["challenge_lifetime_ms"]
            self.challenges.append(Challenge(self.stage.made(done, "Challenge")[0], cluster, cap, who, ends))

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        """A challenge is thrown away by whoever has it."""
        if len(self.challenges) < 2:
            return
        challenge = self.one(data, "challenge", self.challenges)
        who = self.someone(data, "sender", challenge.holder)
        builder = ProgrammableBuilder()
        code = data.draw(st.sampled_from([1, 2]), label="package version")
        calls.discard_challenge(builder, self.stage.code[code], self.owned(challenge))
        self.step(who, builder, self.not_held(who, challenge), lambda _: self.challenges.remove(challenge))

    def prove(
        self,
        cluster: Cluster,
        challenge: Challenge,
        key: Ed25519Key,
        *,
        pcrs: tuple[bytes, bytes, bytes],
        configuration: bytes,
        flaw: str | None = None,
    ) -> Proof:
        """A document for this key over this challenge, with a flaw or none."""
        manifest = self.stage.manifest(key, cluster.ref.object_id, configuration)
        document = self.stage.document(
            manifest,
            bytes(32) if flaw == "another nonce" else bytes(challenge.id),
            pcrs=pcrs,
            at_ms=self.now - (TOO_OLD if flaw == "too old" else DOCUMENT_SKEW_MS if flaw == "old" else 0),
            debug=flaw == "debug",
        )
        if flaw == "altered":
            document = document[:-1] + bytes([document[-1] ^ 1])
        told = OTHER_CONFIGURATION if configuration == CONFIGURATION else CONFIGURATION
        approved = cluster.find(cluster.measurements, pcrs), cluster.find(cluster.configurations, configuration)
        in_force = [entry is not None and entry.valid_from <= self.now for entry in approved]
        refusals = broken(
            sui__nitro_attestation=flaw == "altered",
            enclave__EWrongCluster=challenge.cluster is not cluster,
            enclave__EChallengeExpired=self.now >= challenge.expires_at,
            enclave__ENonce=flaw == "another nonce",
            enclave__EDocumentTime=flaw == "too old",
            enclave__EManifest=flaw == "another manifest",
            approvals__EPcrZero=flaw == "debug",
            enclave__EMeasurement=not in_force[0],
            enclave__EConfiguration=not in_force[1],
        )
        return Proof(document, pcrs, told if flaw == "another manifest" else configuration, refusals)

    def drawn_proof(self, data: st.DataObject, cluster: Cluster, challenge: Challenge, key: Ed25519Key) -> Proof:
        approved = [entry.what for entry in cluster.measurements if entry.retired_at is None]
        pcrs = self.choose(data, "image", approved, [PCRS, OTHER_PCRS])
        hashes = [entry.what for entry in cluster.configurations if entry.retired_at is None]
        configuration = self.choose(data, "configuration", hashes, [CONFIGURATION, OTHER_CONFIGURATION])
        flaw = self.choose(data, "flaw", [None, "old"], FLAWS)
        return self.prove(cluster, challenge, key, pcrs=pcrs, configuration=configuration, flaw=flaw)

    @rule(data=st.data())
    def register(self, data: st.DataObject) -> None:
        """An operator registers an enclave."""
        if not self.challenges:
            return
        cluster, cap, who, code, refusals = self.by_operator(data)
        mine = [each for each in self.challenges if each.cluster is cluster and each.operator is cap]
        challenge = self.choose(data, "challenge", mine, self.challenges)
        fresh = [each for each in self.enclave_keys if each.public not in cluster.keys]
        key = self.choose(data, "key", fresh, self.enclave_keys)
        proof = self.drawn_proof(data, cluster, challenge, key)
        self.register_as(cluster, cap, challenge, key=key, proof=proof, who=who, code=code, refusals=refusals)

    def register_as(
        self,
        cluster: Cluster,
        cap: Cap,
        challenge: Challenge,
        *,
        key: Ed25519Key,
        proof: Proof,
        who: Ed25519Key,
        code: int,
        refusals: set[str],
    ) -> None:
        builder = ProgrammableBuilder()
        calls.register(
            builder,
            self.stage.code[code],
            cluster.ref,
            self.owned(cap),
            self.owned(challenge),
            document=proof.document,
            hpke_key=HPKE_KEY,
            tls_ca_hash=CA_HASH,
            configuration_hash=proof.configuration,
        )
        refusals = refusals | proof.refusals | self.not_held(who, challenge)
        refusals |= broken(
            enclave__EChallengeOperator=challenge.operator is not cap,
            cluster__EKeyRegistered=key.public in cluster.keys,
        )

        def apply(done: ExecutedTransaction) -> None:
            self.challenges.remove(challenge)
            cluster.keys.add(key.public)
            made = self.stage.shared(self.stage.made(done, "Enclave")[0])
            ends = self.now + cluster.settings["enclave_lifetime_ms"]
            image = cluster.find(cluster.measurements, proof.pcrs)
            configuration = cluster.find(cluster.configurations, proof.configuration)
            self.enclaves.append(Enclave(made, cluster, cap, key, image.version, configuration.version, ends))

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        """An enclave's registration is renewed by a new document."""
        if not self.challenges or not self.enclaves:
            return
        cluster, cap, who, code, refusals = self.by_operator(data)
        mine = [each for each in self.challenges if each.cluster is cluster and each.operator is cap]
        challenge = self.choose(data, "challenge", mine, self.challenges)
        ours = [each for each in self.enclaves if each.operator is cap]
        enclave = self.choose(data, "enclave", ours, self.enclaves)
        key = self.choose(data, "key", [enclave.key], self.enclave_keys)
        proof = self.drawn_proof(data, cluster, challenge, key)
        builder = ProgrammableBuilder()
        calls.renew(
            builder,
            self.stage.code[code],
            cluster.ref,
            self.owned(cap),
            enclave=enclave.ref,
            challenge=self.owned(challenge),
            document=proof.document,
            configuration_hash=proof.configuration,
        )
        refusals = refusals | proof.refusals | self.not_held(who, challenge)
        refusals |= broken(
            enclave__EWrongCluster=enclave.cluster is not cluster,
            enclave__EOtherOperator=enclave.operator is not cap,
            enclave__EChallengeOperator=challenge.operator is not cap,
            enclave__ERevoked=enclave.revoked,
            enclave__EExpired=self.now >= enclave.expires_at,
            enclave__EOtherKey=key is not enclave.key,
        )
        # The hash that the caller names stands in the manifest that the contract builds with the enclave's own keys.
        refusals |= broken(enclave__EManifest=key is not enclave.key)

        def apply(_: ExecutedTransaction) -> None:
            self.challenges.remove(challenge)
            enclave.measurement = cluster.find(cluster.measurements, proof.pcrs).version
            enclave.configuration = cluster.find(cluster.configurations, proof.configuration).version
            enclave.expires_at = self.now + cluster.settings["enclave_lifetime_ms"]

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def activate(self, data: st.DataObject) -> None:
        """An enclave becomes the active one, once in its life."""
        cluster, cap, who, code, refusals = self.by_operator(data)
        fresh = [each for each in self.enclaves if each.cluster is cluster and not each.epoch]
        if not fresh and not self.slips(data, "again"):
            return
        enclave = self.choose(data, "enclave", fresh, self.enclaves)
        self.activate_as(cluster, cap, enclave, who=who, code=code, refusals=refusals)

    def activate_as(
        self, cluster: Cluster, cap: Cap, enclave: Enclave, *, who: Ed25519Key, code: int, refusals: set[str]
    ) -> None:
        builder = ProgrammableBuilder()
        calls.activate(builder, self.stage.code[code], cluster.ref, self.owned(cap), enclave.ref)
        refusals = refusals | enclave.refuse_use(cluster, code, self.now)
        refusals |= broken(enclave__EActivatedBefore=enclave.epoch != 0)

        def apply(_: ExecutedTransaction) -> None:
            cluster.epoch += 1
            cluster.active = enclave
            enclave.epoch = cluster.epoch

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def revoke_enclave(self, data: st.DataObject) -> None:
        """An enclave is revoked by the operator in office or by the admin; mostly not the active one."""
        cluster = self.cluster(data)
        by_admin = data.draw(st.booleans(), label="by the admin")
        caps = self.admins if by_admin else self.operators
        right = cluster.admin if by_admin else cluster.operator
        cap = self.choose(data, "Cap", [right] if right else [], caps)
        who = self.someone(data, "sender", cap.holder)
        code = self.version(data, cluster)
        idle = [each for each in self.enclaves if each.cluster is cluster and each is not cluster.active]
        enclave = self.choose(data, "enclave", idle, self.enclaves)
        builder = ProgrammableBuilder()
        calls.revoke_enclave(
            builder, self.stage.code[code], cluster.ref, self.owned(cap), enclave.ref, by_admin=by_admin
        )
        refusals = cluster.refuse_admin(cap, code) if by_admin else cluster.refuse_operator(cap, code)
        refusals |= self.not_held(who, cap) | broken(
            ledger__Gone=by_admin and cap.cluster.admin is not cap,
            enclave__EWrongCluster=enclave.cluster is not cluster,
            enclave__EAlreadyRevoked=enclave.revoked,
        )

        def apply(_: ExecutedTransaction) -> None:
            enclave.revoked = True

        self.step(who, builder, refusals, apply)
