"""The contract's rules in plain records: what DESIGN promises, told as a reader of it would, not as Move does it.

What becomes due by time is taken over as soon as time passes (`Cluster.pass_to`), where the contract works it out when
it is asked. A rule that is broken is named by the contract's own error: an act is refused when any is named, and the
contract must then give one of these names.
"""

from dataclasses import dataclass, field

from chain.bindings.arguments import SharedRef
from chain.bindings.state import Penalties
from chain.rules import Envelope, Rule, allows
from sui.keys import Ed25519Key
from sui.types import Address

MAX_WITHDRAWALS = 8
KEEPER_DELAY_MS = 600_000
CLOCK_SKEW_MS = 60_000
MUST_BE_PUT_UP = {"min_stake", "min_bond", "receipt_deposit"}
SPANS = {"max_deadline_ms", "max_stream_ms", "enclave_lifetime_ms", "challenge_lifetime_ms"}
INLINE = {"request_inline_bytes", "response_inline_bytes"}


def broken(**rules: bool) -> set[str]:
    """Names of the rules whose condition holds; `module__EName` stands for `module::EName`."""
    return {name.replace("__", "::") for name, holds in rules.items() if holds}


@dataclass(eq=False)
class Cap:
    """An AdminCap or OperatorCap: whose it is, and of which cluster."""

    id: Address
    cluster: "Cluster"
    holder: Ed25519Key


@dataclass(eq=False)
class Deposit:
    """A stake or bond, with what was announced to leave: (amount, due)."""

    balance: int = 0
    leaving: list[tuple[int, int]] = field(default_factory=list)

    @property
    def counted(self) -> int:
        return self.balance - sum(amount for amount, _ in self.leaving)

    def refuse_announcement(self, amount: int) -> set[str]:
        return broken(
            deposit__EZeroAmount=amount == 0,
            deposit__ENotEnough=amount > self.counted,
            deposit__ETooManyWithdrawals=len(self.leaving) >= MAX_WITHDRAWALS,
        )

    def refuse_payment(self, now: int) -> set[str]:
        return broken(deposit__ENothingDue=all(due > now for _, due in self.leaving))

    def leave_all(self, due: int) -> None:
        if self.counted:
            self.leaving.append((self.counted, due))

    def pay(self, now: int) -> int:
        paid = sum(amount for amount, due in self.leaving if due <= now)
        self.leaving = [(amount, due) for amount, due in self.leaving if due > now]
        self.balance -= paid
        return paid

    def take(self, amount: int) -> int:
        """A penalty: what was announced first is spared longest."""
        taken = min(amount, self.balance)
        self.balance -= taken
        spared, left = [], self.balance
        for waiting, due in self.leaving:
            kept = min(waiting, left)
            left -= kept
            if kept:
                spared.append((kept, due))
        self.leaving = spared
        return taken


@dataclass(eq=False)
class Approval:
    """One approved image or configuration."""

    version: int
    what: object
    valid_from: int
    retired_at: int | None = None


@dataclass(eq=False)
class Cluster:
    """What a cluster decides by."""

    ref: SharedRef
    settings: dict[str, int]
    delays: dict[str, int]
    maxima: dict[str, int]
    penalties: Penalties
    measurements: list[Approval]
    configurations: list[Approval]
    next_version: int
    admin: Cap | None = None
    operator: Cap | None = None
    successor: tuple[Cap, int, int] | None = None
    bonds: dict[Address, Deposit] = field(default_factory=dict)
    pending: dict[str, tuple[int, int]] = field(default_factory=dict)
    active: "Enclave | None" = None
    epoch: int = 0
    config_version: int = 1
    version: int = 1
    pending_version: tuple[int, int] | None = None
    keys: set[bytes] = field(default_factory=set)

    def pass_to(self, now: int) -> None:
        """Take over what is due."""
        for name, (value, due) in list(self.pending.items()):
            if due <= now:
                self.settings[name] = value
                del self.pending[name]
        if self.successor and self.successor[1] <= now:
            former = self.operator
            self.operator, _, bond_due = self.successor
            self.successor = None
            if former and former.id in self.bonds:
                self.bonds[former.id].leave_all(bond_due)
        if self.pending_version and self.pending_version[1] <= now:
            self.version = self.pending_version[0]
            self.pending_version = None

    def changed(self) -> None:
        self.config_version += 1

    def bond_of(self, cap: Cap) -> int:
        """What counts of an operator's bond: only his who is in office."""
        return self.bonds[cap.id].counted if cap is self.operator and cap.id in self.bonds else 0

    def refuse_code(self, code: int) -> set[str]:
        return broken(cluster__EWrongVersion=code != self.version)

    def refuse_admin(self, cap: Cap, code: int) -> set[str]:
        return self.refuse_code(code) | broken(cluster__ENotAdmin=cap.cluster is not self)

    def refuse_operator(self, cap: Cap, code: int) -> set[str]:
        return self.refuse_code(code) | broken(cluster__ENotOperator=cap is not self.operator)

    def find(self, kind: list[Approval], what: object) -> Approval | None:
        return next((entry for entry in kind if entry.what == what and entry.retired_at is None), None)

    def live(self, kind: list[Approval], version: int) -> bool:
        return any(entry.version == version and entry.retired_at is None for entry in kind)

    def dues(self) -> list[int]:
        """Times at which something becomes due."""
        found = [due for _, due in self.pending.values()]
        found += [entry.valid_from for entry in (*self.measurements, *self.configurations)]
        found += [due for bond in self.bonds.values() for _, due in bond.leaving]
        found += [self.successor[1]] if self.successor else []
        found += [self.pending_version[1]] if self.pending_version else []
        return found


@dataclass(eq=False)
class Challenge:
    """A nonce for one registration."""

    id: Address
    cluster: Cluster
    operator: Cap
    holder: Ed25519Key
    expires_at: int


@dataclass(eq=False)
class Enclave:
    """One registered enclave and its key."""

    ref: SharedRef
    cluster: Cluster
    operator: Cap
    key: Ed25519Key
    measurement: int
    configuration: int
    expires_at: int
    epoch: int = 0
    revoked: bool = False
    convicted: bool = False

    def refuse_use(self, cluster: Cluster, code: int, now: int, bond: int | None = None) -> set[str]:
        """Why it is not usable now."""
        wanted = cluster.settings["min_bond"] if bond is None else bond
        counted = cluster.bond_of(self.operator)
        return cluster.refuse_code(code) | broken(
            enclave__EWrongCluster=self.cluster is not cluster,
            enclave__ERevoked=self.revoked,
            enclave__EExpired=now >= self.expires_at,
            enclave__EMeasurementRetired=not cluster.live(cluster.measurements, self.measurement),
            enclave__EConfigurationRetired=not cluster.live(cluster.configurations, self.configuration),
            enclave__EBond=counted < wanted,
        )


@dataclass(eq=False)
class Token:
    """What its owner may do."""

    ref: SharedRef
    cluster: Cluster
    owner: Ed25519Key
    rules: tuple[Rule, ...]
    stake: Deposit
    usable_from: int
    expires_at: int
    version: int
    pending: tuple[tuple[Rule, ...], int] | None = None
    revoked: bool = False
    revision: int = 1

    def pass_to(self, now: int) -> None:
        if self.pending and self.pending[1] <= now:
            self.rules, self.pending = self.pending[0], None

    def changed(self) -> None:
        self.revision += 1

    def refuse_owner(self, who: Ed25519Key) -> set[str]:
        return broken(seal_token__ENotOwner=who is not self.owner)

    def refuse_use(self, cluster: Cluster, envelope: Envelope, code: int, now: int) -> set[str]:
        """Why it does not allow this now."""
        return broken(
            seal_token__EWrongCluster=self.cluster is not cluster,
            seal_token__EWrongVersion=self.version != code,
            seal_token__ERevoked=self.revoked,
            seal_token__ENotYetUsable=now < self.usable_from,
            seal_token__EExpired=now >= self.expires_at,
            seal_token__ENotAllowed=not allows(self.rules, envelope),
            seal_token__EStake=envelope.needs_stake and self.stake.counted < cluster.settings["min_stake"],
        )


@dataclass(eq=False)
class Request:
    """One request; `over` once it is answered, expired or a violation."""

    ref: SharedRef
    cluster: Cluster
    enclave: Enclave
    token: Token
    sender: Ed25519Key
    asked_at: int
    answer_until: int
    deposit: int
    min_bond: int
    response_inline: int
    epoch: int
    config_version: int
    payload_hash: bytes
    over: bool = False

    def refuse_end(
        self, cluster: Cluster, enclave: Enclave, who: Ed25519Key, code: int, *, now: int, at: int
    ) -> set[str]:
        """Why this enclave may not end it now, whatever it says; `at` is when it claims to have acted."""
        bond = min(self.min_bond, cluster.settings["min_bond"])
        return enclave.refuse_use(cluster, code, now, bond) | broken(
            ledger__Gone=self.over,
            answer__EOtherEnclave=enclave is not self.enclave,
            answer__ENotEnclave=who is not enclave.key,
            answer__EAnswerTooLate=now > self.answer_until,
            answer__EExecutedAt=not self.asked_at - CLOCK_SKEW_MS <= at <= now + CLOCK_SKEW_MS,
        )

    def refuse_expiry(self, who: Ed25519Key, now: int) -> set[str]:
        return broken(
            ledger__Gone=self.over,
            request__ENotExpired=now <= self.answer_until,
            request__ENotRequester=who is not self.sender and now <= self.answer_until + KEEPER_DELAY_MS,
        )


@dataclass(eq=False)
class Receipt:
    """A stored answer as an object."""

    id: Address
    holder: Ed25519Key


@dataclass(eq=False)
class Lock:
    """The timelock of the package; announced: (digest, due)."""

    ref: SharedRef
    right: Address
    holder: Ed25519Key
    delay_ms: int
    announced: tuple[bytes, int] | None = None
