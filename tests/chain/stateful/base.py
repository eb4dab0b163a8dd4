"""What every rule of the machine stands on: how it draws, and the step that judges a transaction."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, TypeVar

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chain.bindings import calls
from chain.bindings.state import Delays, Penalties, Settings
from chain.rules import Rule
from localnet.ledger import ExecutedTransaction
from sui.builder import ProgrammableBuilder
from sui.keys import Ed25519Key
from sui.object import MoveObject
from sui.transaction import GAS_COIN
from sui.types import Address
from tests.chain.contract_world import CONFIGURATION, PCRS

from .actors import ENCLAVES, PEOPLE, Stage, key
from .audit import Audit
from .books import Flows
from .compare import assert_agrees
from .model import Approval, Cap, Challenge, Cluster, Deposit, Enclave, Receipt, Request, Token, broken

SETTINGS = Settings(
    min_stake=1_000_000,
    min_bond=5_000_000,
    max_deadline_ms=30_000,
    max_stream_ms=300_000,
    enclave_lifetime_ms=3_600_000,
    challenge_lifetime_ms=600_000,
    request_inline_bytes=1_500,
    response_inline_bytes=1_500,
    receipt_deposit=5_000_000,
)
DELAYS = Delays(1_000, 1_500, 2_000, 2_500, 5_000, 4_000, 3_000, 20_000)
MAXIMA = Delays(*(4 * span for span in asdict(DELAYS).values()))
PENALTIES = Penalties(violation_bps=1_250, reporter_bps=777)
TOKEN_LIFE_MS = 7_200_000
NARROW = (Rule("", "pods", "", "default", ("get",)),)
USUAL = (
    Rule("", "pods", "", "default", ("get", "list", "create")),
    Rule("", "pods", "*", "default", ("get", "create")),
    Rule("", "", "/metrics*", "", ("get",)),
)
WIDE = (Rule("*", "*", "", "*", ("*",)), Rule("*", "*", "*", "*", ("*",)), Rule("", "", "/*", "", ("*",)))
BESIDE = (Rule("apps", "deployments", "", "default", ("get", "delete")),)
RULES = (NARROW, USUAL, WIDE, BESIDE)
WITHIN = {
    *((same, same) for same in RULES),
    (NARROW, USUAL),
    (NARROW, WIDE),
    (USUAL, WIDE),
    (BESIDE, WIDE),
}
"""Which sets of rules lie within which."""

Drawn = TypeVar("Drawn")
Applied = Callable[[ExecutedTransaction], Flows | None]


class Base(RuleBasedStateMachine):
    """Two clusters with a token and an active enclave each, people who may do anything, and time."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.audit = Audit(self.stage)
        self.clusters: list[Cluster] = []
        self.admins: list[Cap] = []
        self.operators: list[Cap] = []
        self.challenges: list[Challenge] = []
        self.enclaves: list[Enclave] = []
        self.tokens: list[Token] = []
        self.requests: list[Request] = []
        self.receipts: list[Receipt] = []
        self.said: list[Any] = []
        self.people = [key(name) for name in PEOPLE]
        self.enclave_keys = [key(name) for name in ENCLAVES]

    @property
    def now(self) -> int:
        return self.stage.now

    def create(self, admin: Ed25519Key, operator: Ed25519Key) -> None:
        """A cluster with what holds from its first moment, and a token of the first owner."""
        owner = key("owner")
        builder = ProgrammableBuilder()
        code = self.stage.code[1]
        made = calls.create_cluster(
            builder,
            code,
            chain_id=bytes(self.stage.ledger.chain_id),
            settings=SETTINGS,
            delays=DELAYS,
            delay_maxima=MAXIMA,
            penalties=PENALTIES,
        )
        calls.add_measurement(builder, code, made.cluster, made.admin, PCRS)
        calls.add_configuration(builder, code, made.cluster, made.admin, CONFIGURATION)
        calls.issue_token(
            builder,
            code,
            made.cluster,
            made.admin,
            owner=owner.address,
            public_key=owner.public,
            rules=USUAL,
            stake=3 * SETTINGS.min_stake,
            expires_at=self.now + TOKEN_LIFE_MS,
        )
        calls.share(builder, code, made.cluster)
        builder.transfer_objects([made.admin], builder.pure(bytes(admin.address)))
        builder.transfer_objects([made.operator], builder.pure(bytes(operator.address)))

        def apply(done: ExecutedTransaction) -> Flows:
            ids = {name: self.stage.made(done, name)[0] for name in ("Cluster", "AdminCap", "OperatorCap", "SealToken")}
            cluster = Cluster(
                self.stage.shared(ids["Cluster"]),
                asdict(SETTINGS),
                asdict(DELAYS),
                asdict(MAXIMA),
                PENALTIES,
                [Approval(1, PCRS, self.now)],
                [Approval(2, CONFIGURATION, self.now)],
                3,
            )
            cluster.admin = Cap(ids["AdminCap"], cluster, admin)
            cluster.operator = Cap(ids["OperatorCap"], cluster, operator)
            self.clusters.append(cluster)
            self.admins.append(cluster.admin)
            self.operators.append(cluster.operator)
            stake = 3 * SETTINGS.min_stake
            life = (self.now, self.now + TOKEN_LIFE_MS)
            token = self.stage.shared(ids["SealToken"])
            self.tokens.append(Token(token, cluster, owner, USUAL, Deposit(stake), *life, version=1))
            return Counter({ids["SealToken"]: stake, admin.address: -stake})

        self.step(admin, builder, set(), apply)

    # Drawing

    def slips(self, data: st.DataObject, label: str) -> bool:
        """Whether somebody does here what he should not: one time in twelve."""
        return data.draw(st.integers(0, 11), label=f"{label}: 11 is wrong") == 11

    def one(self, data: st.DataObject, label: str, pool: Sequence[Drawn]) -> Drawn:
        """One of several; what is drawn is its place."""
        return pool[data.draw(st.integers(0, len(pool) - 1), label=label)] if len(pool) > 1 else pool[0]

    def choose(self, data: st.DataObject, label: str, right: Sequence[Drawn], everything: Sequence[Drawn]) -> Drawn:
        """Mostly one of those that are right here."""
        if not right or (len(everything) > 1 and self.slips(data, label)):
            return self.one(data, label, everything)
        return self.one(data, label, right)

    def cluster(self, data: st.DataObject) -> Cluster:
        """Mostly the first cluster: so that more happens to it."""
        return self.choose(data, "cluster", self.clusters[:1], self.clusters)

    def version(self, data: st.DataObject, cluster: Cluster) -> int:
        """The version of the package that is called: mostly the one that the cluster works with."""
        return self.choose(data, "package version", [cluster.version], [1, 2])

    def someone(self, data: st.DataObject, label: str, right: Ed25519Key) -> Ed25519Key:
        """Who sends: mostly who should."""
        return self.choose(data, label, [right], [right, *self.people, *self.enclave_keys])

    # Steps

    def step(
        self, who: Ed25519Key, builder: ProgrammableBuilder, refusals: set[str], apply: Applied | None = None
    ) -> None:
        """Send a transaction and judge it by what the model says of it."""
        outcome = self.stage.send(builder, who)
        if refusals:
            assert outcome.refused is not None, f"allowed, though {sorted(refusals)}"
            before_execution = any(each.startswith("ledger::") for each in refusals)
            known = outcome.refused in refusals or (before_execution and outcome.refused.startswith("ledger::"))
            assert known, f"refused as {outcome.refused}, not as {sorted(refusals)}"
            if outcome.done is not None:
                self.changed_nothing(outcome.done, who)
            return
        assert outcome.refused is None, f"refused as {outcome.refused}, though the model knows no reason"
        assert outcome.done is not None
        flows = (apply(outcome.done) if apply else None) or Counter()
        self.stage.books.settle(outcome.done, who.address, flows)
        self.audit.read(outcome.done)

    def changed_nothing(self, done: ExecutedTransaction, who: Ed25519Key) -> None:
        """A denied transaction has no events, takes gas of its sender, and leaves every object as it was."""
        assert done.events == ()
        self.stage.books.settle(done, who.address, Counter())
        before, after = self.stage.ledger.transaction_objects(done)
        assert [each.ref.object_id for each in before] == [each.ref.object_id for each in after]
        changed = 0
        for old, new in zip(before, after, strict=True):
            assert isinstance(old.object.data, MoveObject)
            assert isinstance(new.object.data, MoveObject)
            changed += old.object.data.contents != new.object.data.contents
            assert old.object.owner == new.object.owner
        assert changed == 1, "more than the gas coin changed"

    def not_held(self, who: Ed25519Key, *owned: Cap | Challenge | Receipt) -> set[str]:
        """What the ledger says to who uses an owned object that is not his."""
        return broken(ledger__NotOwner=any(each.holder is not who for each in owned))

    def coin(self, builder: ProgrammableBuilder, amount: int):
        """A coin of so much, from the sender's gas coin."""
        return builder.split_coins(GAS_COIN, [builder.pure(amount.to_bytes(8, "little"))])[0]

    def owned(self, what: Cap | Challenge | Receipt):
        """An owned object as a transaction names it now."""
        return self.stage.current(what.id)

    # Time

    def dues(self) -> list[int]:
        """Every time at which something changes by itself, or can be done from then on or no longer."""
        found = [due for cluster in self.clusters for due in cluster.dues()]
        found += [enclave.expires_at for enclave in self.enclaves]
        found += [challenge.expires_at for challenge in self.challenges]
        for token in self.tokens:
            found += [token.usable_from, token.expires_at, *(due for _, due in token.stake.leaving)]
            found += [token.pending[1]] if token.pending else []
        for request in self.requests:
            if not request.over:
                found += [request.answer_until, request.answer_until + 600_000]
        found += [self.stage.lock.announced[1]] if self.stage.lock.announced else []
        return sorted({due for due in found if due >= self.now})

    @rule(data=st.data())
    def wait(self, data: st.DataObject) -> None:
        """Time passes: a little, or until just before, at, or after something is due."""
        dues = self.dues()
        if dues and data.draw(st.booleans(), label="until something is due"):
            near = data.draw(st.integers(0, min(len(dues) - 1, 5)), label="which")
            target = dues[near] + data.draw(st.sampled_from([0, 1, -1]), label="beside it")
        else:
            target = self.now + data.draw(st.sampled_from([1, 500, 2_000, 6_000, 25_000]), label="ms")
        self.pass_to(target)

    def wants_payment(self, data: st.DataObject, deposit: Deposit | None) -> bool:
        """Whether what leaves is to be paid: mostly where something leaves, and often once that is due."""
        leaving = deposit.leaving if deposit else []
        if not leaving and not self.slips(data, "have nothing paid"):
            return False
        if leaving and data.draw(st.booleans(), label="announce more"):
            return False
        if leaving and data.draw(st.booleans(), label="wait until it is due"):
            self.pass_to(leaving[0][1] - (1 if self.slips(data, "too early") else 0))
        return True

    def pass_to(self, target: int) -> None:
        """Let time pass; never backwards."""
        self.stage.now = max(self.now, target)
        for each in (*self.clusters, *self.tokens):
            each.pass_to(self.now)

    @invariant()
    def agrees(self) -> None:
        """The objects on the ledger are what the model says."""
        assert_agrees(self.stage, self.clusters, self.tokens, self.enclaves, self.requests)

    def pay(self, giver: Address, taker: Address, amount: int) -> Flows:
        """SUI that goes from one holder to another."""
        flows: Flows = Counter()
        flows[giver] -= amount
        flows[taker] += amount
        return flows
