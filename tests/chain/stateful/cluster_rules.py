"""What the AdminCap does, and the operators with their bonds."""

from collections import Counter
from dataclasses import asdict

import hypothesis.strategies as st
from hypothesis.stateful import rule

from chain.bindings import calls
from chain.bindings.state import Delays
from localnet.ledger import ExecutedTransaction
from sui.builder import ProgrammableBuilder
from sui.keys import Ed25519Key
from tests.chain.contract_world import CONFIGURATION, PCRS

from .base import MAXIMA, SETTINGS, Base
from .books import Flows
from .model import INLINE, MUST_BE_PUT_UP, SPANS, Approval, Cap, Cluster, Deposit, broken

OTHER_PCRS = tuple(bytes([index + 1]) * 48 for index in range(3))
OTHER_CONFIGURATION = b"\x0c" * 32
IMAGES = (OTHER_PCRS, PCRS, (bytes(48), *PCRS[1:]), (b"short", *PCRS[1:]))
CONFIGURATIONS = (OTHER_CONFIGURATION, CONFIGURATION, bytes(32), b"short")
YEAR_MS = 31_536_000_000


class ClusterRules(Base):
    """Changes of a cluster, by its admin or by others."""

    def by_admin(self, data: st.DataObject) -> tuple[Cluster, Cap, Ed25519Key, int, set[str]]:
        """A cluster, an AdminCap, who sends, which version he calls, and what is wrong with that."""
        cluster = self.cluster(data)
        cap = self.choose(data, "AdminCap", [cluster.admin] if cluster.admin else [], self.admins)
        who = self.someone(data, "sender", cap.holder)
        code = self.version(data, cluster)
        return cluster, cap, who, code, cluster.refuse_admin(cap, code) | self.not_held(who, cap) | self.burnt(cap)

    def burnt(self, cap: Cap) -> set[str]:
        return broken(ledger__Gone=cap in self.admins and cap.cluster.admin is not cap)

    @rule(data=st.data())
    def approve(self, data: st.DataObject) -> None:
        """Another image or configuration is approved."""
        cluster, cap, who, code, refusals = self.by_admin(data)
        builder = ProgrammableBuilder()
        place = data.draw(st.integers(0, 3), label="what")
        is_image = data.draw(st.booleans(), label="an image")
        what: object = IMAGES[place] if is_image else CONFIGURATIONS[place]
        entries = cluster.measurements if is_image else cluster.configurations
        given = (builder, self.stage.code[code], cluster.ref, self.owned(cap))
        if is_image:
            calls.add_measurement(*given, IMAGES[place])
            refusals |= broken(approvals__EPcrZero=place == 2, approvals__EPcrLength=place == 3)
        else:
            calls.add_configuration(*given, CONFIGURATIONS[place])
            refusals |= broken(approvals__EConfigurationZero=place == 2, approvals__EConfigurationLength=place == 3)
        refusals |= broken(approvals__EAlreadyApproved=cluster.find(entries, what) is not None)

        def apply(_: ExecutedTransaction) -> None:
            entries.append(Approval(cluster.next_version, what, self.now + cluster.delays["measurement_ms"]))
            cluster.next_version += 1
            cluster.changed()

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def retire(self, data: st.DataObject) -> None:
        """An image or configuration is retired, for ever; mostly not the last one."""
        cluster, cap, who, code, refusals = self.by_admin(data)
        builder = ProgrammableBuilder()
        is_image = data.draw(st.booleans(), label="an image")
        entries = cluster.measurements if is_image else cluster.configurations
        versions = [entry.version for entry in entries]
        if len(versions) == 1 and not self.slips(data, "the only one"):
            return
        version = self.choose(data, "version", versions[1:], [*versions, 99])
        retire = calls.retire_measurement if is_image else calls.retire_configuration
        retire(builder, self.stage.code[code], cluster.ref, self.owned(cap), version)
        entry = next((each for each in entries if each.version == version), None)
        refusals |= broken(
            approvals__EUnknownVersion=entry is None,
            approvals__EAlreadyRetired=entry is not None and entry.retired_at is not None,
        )

        def apply(_: ExecutedTransaction) -> None:
            entry.retired_at = self.now
            cluster.changed()

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def change_setting(self, data: st.DataObject) -> None:
        """One setting changes: at once where that tightens."""
        cluster, cap, who, code, refusals = self.by_admin(data)
        name = data.draw(st.sampled_from([*asdict(SETTINGS), "unheard_of"]), label="setting")
        before = cluster.settings.get(name, 0)
        values = [before * 2, before // 2 or 1, before, 0, before + 1, before - 1 if before else 0, YEAR_MS + 1]
        value = data.draw(st.sampled_from(values), label="value")
        builder = ProgrammableBuilder()
        calls.change_setting(builder, self.stage.code[code], cluster.ref, self.owned(cap), name=name, value=value)
        refusals |= broken(
            settings__EUnknownSetting=name == "unheard_of",
            settings__ENoChange=value == before and name not in cluster.pending,
            settings__EZeroSpan=name in SPANS and value == 0,
            settings__ESpanTooLong=name in SPANS and value > YEAR_MS,
            settings__EInlineSize=name in INLINE and not 1_000 <= value <= 112_000,
            settings__EReceiptDeposit=name == "receipt_deposit" and value == 0,
        )

        def apply(_: ExecutedTransaction) -> None:
            cluster.pending.pop(name, None)
            if value < before if name in MUST_BE_PUT_UP else value > before:
                cluster.pending[name] = (value, self.now + cluster.delays["settings_ms"])
            else:
                cluster.settings[name] = value
            cluster.changed()

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def grow_delays(self, data: st.DataObject) -> None:
        """Delays and windows grow, never over their maxima; the evidence window stays below the withdrawal delay."""
        cluster, cap, who, code, refusals = self.by_admin(data)
        name = data.draw(st.sampled_from(sorted(cluster.delays)), label="delay")
        before = cluster.delays[name]
        values = [before + 250, before * 2, before, before - 1, cluster.maxima[name] + 1, 0]
        wanted = {**cluster.delays, name: data.draw(st.sampled_from(values), label="ms")}
        builder = ProgrammableBuilder()
        calls.grow_delays(builder, self.stage.code[code], cluster.ref, self.owned(cap), Delays(**wanted))
        maxima = asdict(MAXIMA)
        refusals |= broken(
            settings__EZeroSpan=wanted[name] == 0,
            settings__EEvidenceWindow=wanted["evidence_ms"] >= wanted["withdrawal_ms"],
            settings__EDelayShrinks=wanted[name] < before,
            settings__EDelayOverMaximum=wanted[name] > maxima[name],
        )

        def apply(_: ExecutedTransaction) -> None:
            cluster.delays = wanted
            cluster.changed()

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def appoint(self, data: st.DataObject) -> None:
        """Another operator is announced, or taken back."""
        cluster, cap, who, code, refusals = self.by_admin(data)
        builder = ProgrammableBuilder()
        given = (builder, self.stage.code[code], cluster.ref, self.owned(cap))
        if data.draw(st.integers(0, 2), label="2 takes back") == 2:
            calls.cancel_operator(*given)
            refusals |= broken(operators__ENoSuccessor=cluster.successor is None)

            def apply(_: ExecutedTransaction) -> None:
                gone = cluster.successor[0]
                cluster.successor = None
                if gone.id in cluster.bonds:
                    cluster.bonds[gone.id].leave_all(self.now + cluster.delays["withdrawal_ms"])
                cluster.changed()

        else:
            successor = self.one(data, "successor", self.people[2:5])
            calls.replace_operator(*given, successor.address)
            refusals |= broken(operators__ESuccessorPending=cluster.successor is not None)

            def apply(done: ExecutedTransaction) -> None:
                made = Cap(self.stage.made(done, "OperatorCap")[0], cluster, successor)
                self.operators.append(made)
                due = self.now + cluster.delays["operator_ms"]
                cluster.successor = (made, due, due + cluster.delays["withdrawal_ms"])
                cluster.changed()

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def move_version(self, data: st.DataObject) -> None:
        """The cluster is announced to move to the version that is called, or that is taken back."""
        cluster, cap, who, code, refusals = self.by_admin(data)
        builder = ProgrammableBuilder()
        given = (builder, self.stage.code[code], cluster.ref, self.owned(cap))
        if data.draw(st.integers(0, 2), label="2 takes back") == 2:
            calls.cancel_version(*given)
            refusals |= broken(cluster__ENoVersionPending=cluster.pending_version is None)

            def apply(_: ExecutedTransaction) -> None:
                cluster.pending_version = None
                cluster.changed()

        else:
            builder = ProgrammableBuilder()
            code = self.choose(data, "announced version", [2], [1, 2])
            calls.announce_version(builder, self.stage.code[code], cluster.ref, self.owned(cap), self.stage.lock.ref)
            refusals = self.not_held(who, cap) | self.burnt(cap)
            refusals |= broken(
                cluster__ENotAdmin=cap.cluster is not cluster,
                cluster__EVersionNotNewer=code <= cluster.version,
                cluster__EVersionPending=cluster.pending_version is not None,
            )

            def apply(_: ExecutedTransaction) -> None:
                cluster.pending_version = (code, self.now + cluster.delays["upgrade_ms"])
                cluster.changed()

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def part_with_admin(self, data: st.DataObject) -> None:
        """The AdminCap goes to somebody else, seldom into the fire."""
        cluster, cap, who, code, refusals = self.by_admin(data)
        builder = ProgrammableBuilder()
        given = (builder, self.stage.code[code], cluster.ref, self.owned(cap))
        if data.draw(st.integers(0, 9), label="9 burns it") == 9:
            calls.burn_admin(*given)

            def apply(_: ExecutedTransaction) -> None:
                cluster.admin = None
                cluster.changed()

        else:
            heir = self.one(data, "heir", self.people[:2])
            calls.hand_over_admin(*given, heir.address)

            def apply(_: ExecutedTransaction) -> None:
                cap.holder = heir
                cluster.changed()

        self.step(who, builder, refusals, apply)

    # Bonds

    @rule(data=st.data())
    def add_bond(self, data: st.DataObject) -> None:
        """An operator in office, or announced, puts up more."""
        cluster = self.cluster(data)
        welcome = [cluster.operator] + ([cluster.successor[0]] if cluster.successor else [])
        cap = self.choose(data, "OperatorCap", welcome, self.operators)
        who = self.someone(data, "sender", cap.holder)
        code = self.version(data, cluster)
        amount = self.choose(data, "MIST", [cluster.settings["min_bond"], 2_000_003], [0])
        builder = ProgrammableBuilder()
        coin = self.coin(builder, amount)
        calls.add_bond(builder, self.stage.code[code], cluster.ref, self.owned(cap), coin)
        refusals = cluster.refuse_code(code) | self.not_held(who, cap)
        refusals |= broken(cluster__ENotOperator=cap not in welcome, deposit__EZeroAmount=amount == 0)

        def apply(_: ExecutedTransaction) -> Flows:
            cluster.bonds.setdefault(cap.id, Deposit()).balance += amount
            cluster.changed()
            return self.pay(who.address, cluster.ref.object_id, amount)

        self.step(who, builder, refusals, apply)

    @rule(data=st.data())
    def withdraw_bond(self, data: st.DataObject) -> None:
        """A part of an operator's own bond is announced to leave, or what is due is paid: at every version."""
        cluster = self.cluster(data)
        ours = [cap for cap in self.operators if cap.cluster is cluster]
        cap = self.choose(data, "OperatorCap", ours, self.operators)
        who = self.someone(data, "sender", cap.holder)
        code = data.draw(st.sampled_from([1, 2]), label="package version")
        bond = cluster.bonds.get(cap.id)
        builder = ProgrammableBuilder()
        given = (builder, self.stage.code[code], cluster.ref, self.owned(cap))
        refusals = self.not_held(who, cap) | broken(
            cluster__ENotOperator=cap.cluster is not cluster, operators__ENoBond=bond is None
        )
        if self.wants_payment(data, bond):
            calls.withdraw_bond(*given, who.address)
            refusals |= bond.refuse_payment(self.now) if bond else set()

            def apply(_: ExecutedTransaction) -> Flows:
                paid = bond.pay(self.now)
                if not bond.balance:
                    del cluster.bonds[cap.id]
                cluster.changed()
                return self.pay(cluster.ref.object_id, who.address, paid)

        else:
            amount = data.draw(st.sampled_from([1, 0, 1_000_001, bond.counted + 1 if bond else 1]), label="MIST")
            calls.announce_bond_withdrawal(*given, amount)
            refusals |= bond.refuse_announcement(amount) if bond else set()

            def apply(_: ExecutedTransaction) -> Flows:
                bond.leaving.append((amount, self.now + cluster.delays["withdrawal_ms"]))
                cluster.changed()
                return Counter()

        self.step(who, builder, refusals, apply)
