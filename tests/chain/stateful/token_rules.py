"""Seal tokens: issue, stake in and out, narrower and wider rules, revocation, migration, announcements."""

from collections import Counter

import hypothesis.strategies as st
from hypothesis.stateful import rule

from chain.bindings import calls
from localnet.ledger import ExecutedTransaction
from sui.builder import ProgrammableBuilder

from .actors import key
from .base import RULES, TOKEN_LIFE_MS, WITHIN, Base
from .books import Flows
from .cluster_rules import ClusterRules
from .model import Deposit, Token, broken


class TokenRules(ClusterRules, Base):
    """What owners, the admin and anybody do with tokens."""

    def token(self, data: st.DataObject) -> Token:
        return self.choose(data, "token", [each for each in self.tokens if not each.revoked], self.tokens)

    @rule(data=st.data())
    def issue(self, data: st.DataObject) -> None:
        """The admin issues a token; its public key has to be that of its owner's address."""
        cluster, cap, who, code, refusals = self.by_admin(data)
        owner = self.one(data, "owner", [key("owner"), key("owner2")])
        rules = self.one(data, "rules", (*RULES[1:], RULES[0], ()))
        stake = data.draw(st.sampled_from([cluster.settings["min_stake"], 0, 1_234_567]), label="stake")
        life = self.choose(data, "life", [TOKEN_LIFE_MS], [cluster.delays["token_ms"], cluster.delays["token_ms"] + 1])
        signer = self.choose(data, "public key", [owner], [key("stranger")])
        builder = ProgrammableBuilder()
        calls.issue_token(
            builder,
            self.stage.code[code],
            cluster.ref,
            self.owned(cap),
            owner=owner.address,
            public_key=signer.public,
            rules=rules,
            stake=stake,
            expires_at=self.now + life,
        )
        refusals |= broken(
            seal_token__EPublicKey=signer is not owner and signer.address != owner.address,
            seal_token__ENoRules=not rules,
            seal_token__EExpiry=life <= cluster.delays["token_ms"],
        )

        def apply(done: ExecutedTransaction) -> Flows:
            made = self.stage.made(done, "SealToken")[0]
            usable = self.now + cluster.delays["token_ms"]
            self.tokens.append(
                Token(
                    self.stage.shared(made),
                    cluster,
                    owner,
                    rules,
                    Deposit(stake),
                    usable,
                    self.now + life,
                    version=code,
                )
            )
            return self.pay(who.address, made, stake)

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def add_stake(self, data: st.DataObject) -> None:
        """Anybody adds to a stake, which is the owner's from then on; at every version."""
        token = self.token(data)
        who = self.one(data, "sender", [token.owner, *self.people])
        amount = self.choose(data, "MIST", [1_000_000, 1], [0])
        builder = ProgrammableBuilder()
        code = self.stage.code[data.draw(st.sampled_from([1, 2]), label="package version")]
        calls.add_stake(builder, code, token.ref, self.coin(builder, amount))

        def apply(_: ExecutedTransaction) -> Flows:
            token.stake.balance += amount
            token.changed()
            return self.pay(who.address, token.ref.object_id, amount)

        self.step(who, builder, broken(deposit__EZeroAmount=amount == 0), apply)

    @rule(data=st.data())
    def withdraw_stake(self, data: st.DataObject) -> None:
        """A part of the stake is announced to leave, or what is due is paid to the owner: at every version."""
        token = self.one(data, "token", self.tokens)
        who = self.someone(data, "sender", token.owner)
        builder = ProgrammableBuilder()
        code = self.stage.code[data.draw(st.sampled_from([1, 2]), label="package version")]
        refusals = token.refuse_owner(who)
        if self.wants_payment(data, token.stake):
            calls.withdraw_stake(builder, code, token.ref)
            refusals |= token.stake.refuse_payment(self.now)

            def apply(_: ExecutedTransaction) -> Flows:
                token.changed()
                return self.pay(token.ref.object_id, token.owner.address, token.stake.pay(self.now))

        else:
            cluster = self.choose(data, "cluster", [token.cluster], self.clusters)
            counted = token.stake.counted
            amount = data.draw(st.sampled_from([1, counted // 2, counted + 1, counted, 0]), label="MIST")
            calls.announce_stake_withdrawal(builder, code, cluster.ref, token.ref, amount)
            refusals |= broken(seal_token__EWrongCluster=cluster is not token.cluster)
            refusals |= token.stake.refuse_announcement(amount)

            def apply(_: ExecutedTransaction) -> Flows:
                token.stake.leaving.append((amount, self.now + cluster.delays["withdrawal_ms"]))
                token.changed()
                return Counter()

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def narrow(self, data: st.DataObject) -> None:
        """The owner takes rights away from his own token; what waited is dropped."""
        token = self.token(data)
        who = self.someone(data, "sender", token.owner)
        rules = self.one(data, "rules", (*RULES[1:], RULES[0], ()))
        builder = ProgrammableBuilder()
        code = self.stage.code[data.draw(st.sampled_from([1, 2]), label="package version")]
        calls.narrow_token(builder, code, token.ref, rules)
        refusals = token.refuse_owner(who)
        refusals |= broken(seal_token__ENoRules=not rules, seal_token__EWider=(rules, token.rules) not in WITHIN)

        def apply(_: ExecutedTransaction) -> None:
            token.rules, token.pending = rules, None
            token.changed()

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def rescope(self, data: st.DataObject) -> None:
        """The admin replaces a token's rules: narrower at once, wider after the delay."""
        cluster, cap, who, code, refusals = self.by_admin(data)
        token = self.choose(data, "token", [each for each in self.tokens if each.cluster is cluster], self.tokens)
        rules = self.one(data, "rules", (*RULES[1:], RULES[0], ()))
        builder = ProgrammableBuilder()
        admin = self.owned(cap)
        calls.rescope_token(builder, self.stage.code[code], cluster.ref, admin, token=token.ref, rules=rules)
        refusals |= broken(seal_token__EWrongCluster=token.cluster is not cluster, seal_token__ENoRules=not rules)

        def apply(_: ExecutedTransaction) -> None:
            if (rules, token.rules) in WITHIN:
                token.rules, token.pending = rules, None
            else:
                token.pending = (rules, self.now + cluster.delays["token_ms"])
            token.changed()

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def revoke_token(self, data: st.DataObject) -> None:
        """A token is revoked for ever, by its owner at every version or by the admin; mostly not the first one."""
        cluster, cap, admin, code, refusals = self.by_admin(data)
        token = self.choose(data, "token", self.tokens[2:], self.tokens)
        builder = ProgrammableBuilder()
        if data.draw(st.booleans(), label="by the admin"):
            who = admin
            calls.revoke_token_by_admin(builder, self.stage.code[code], cluster.ref, self.owned(cap), token.ref)
            refusals |= broken(seal_token__EWrongCluster=token.cluster is not cluster)
        else:
            who = self.someone(data, "owner", token.owner)
            calls.revoke_token(builder, self.stage.code[code], token.ref)
            refusals = token.refuse_owner(who)
        refusals |= broken(seal_token__EAlreadyRevoked=token.revoked)

        def apply(_: ExecutedTransaction) -> None:
            token.revoked = True
            token.changed()

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def migrate(self, data: st.DataObject) -> None:
        """Anybody brings a token to its cluster's version, or announces it."""
        stale = [each for each in self.tokens if each.version < each.cluster.version]
        token = self.choose(data, "token", stale, self.tokens)
        who = self.one(data, "sender", [token.owner, *self.people])
        cluster = self.choose(data, "cluster", [token.cluster], self.clusters)
        code = self.version(data, cluster)
        builder = ProgrammableBuilder()
        if token not in stale and not self.slips(data, "migrates though"):
            calls.announce_token(builder, self.stage.code[code], token.ref)
            self.step(who, builder, set())
            return
        calls.migrate_token(builder, self.stage.code[code], cluster.ref, token.ref)
        refusals = cluster.refuse_code(code) | broken(
            seal_token__EWrongCluster=token.cluster is not cluster, seal_token__ENotOlder=token.version >= code
        )

        def apply(_: ExecutedTransaction) -> None:
            token.version = code
            token.changed()

        self.step(who, builder, refusals, apply)
