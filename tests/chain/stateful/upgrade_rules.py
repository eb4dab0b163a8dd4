"""The timelock of the package: announcing, taking back, waiting longer, and upgrades that come too early or differ."""

import hypothesis.strategies as st
from hypothesis.stateful import initialize, rule

from chain.bindings import calls
from localnet.ledger import ExecutedTransaction
from sui.builder import ProgrammableBuilder

from .actors import FRAMEWORK
from .base import Base
from .model import Cap, Lock, broken

OPEN_MS = 2_592_000_000
MAX_DELAY_MS = 31_536_000_000


class UpgradeRules(Base):
    """The lock is one for all examples: what is announced is taken back at the beginning of each."""

    @initialize()
    def take_back(self) -> None:
        """Nothing is announced."""
        lock = self.stage.lock
        if lock.announced is None:
            return
        builder = ProgrammableBuilder()
        calls.cancel_upgrade(builder, self.stage.code[1], lock.ref, self.stage.current(lock.right))
        self.stage.do(builder, lock.holder)
        lock.announced = None

    @rule(data=st.data())
    def upgrade_lock(self, data: st.DataObject) -> None:
        """One act on the lock, by whoever has the right to announce or by somebody else."""
        lock = self.stage.lock
        who = self.someone(data, "sender", lock.holder)
        code = self.stage.code[data.draw(st.sampled_from([1, 2]), label="package version")]
        builder = ProgrammableBuilder()
        given = (builder, code, lock.ref, self.stage.current(lock.right))
        act = data.draw(st.sampled_from(["announce", "cancel", "grow", "upgrade", "end"]), label="act")
        refusals = self.not_held(who, Cap(lock.right, self.clusters[0], lock.holder))
        if act == "announce":
            digest = bytes(self.choose(data, "digest's length", [32], [31]))
            calls.announce_upgrade(*given, digest)
            refusals |= broken(
                upgrade_lock__EDigestLength=len(digest) != 32,
                upgrade_lock__EAlreadyAnnounced=lock.announced is not None,
            )
            self.step(who, builder, refusals, lambda _: self.keep(lock, (digest, self.now + lock.delay_ms)))
        elif act == "cancel":
            calls.cancel_upgrade(*given)
            refusals |= broken(upgrade_lock__ENotAnnounced=lock.announced is None)
            self.step(who, builder, refusals, lambda _: self.keep(lock, None))
        elif act == "grow":
            self.grow(data, lock, who, given, refusals)
        elif act == "upgrade":
            # The digest that was announced is that of no code.
            calls.upgrade(*given, modules=self.stage.second, dependencies=FRAMEWORK)
            due = lock.announced[1] if lock.announced else self.now
            refusals |= broken(
                upgrade_lock__ENotAnnounced=lock.announced is None,
                upgrade_lock__ENotDue=self.now < due,
                upgrade_lock__ETooLate=self.now >= due + OPEN_MS,
                ledger__OtherDigest=self.now >= due and lock.announced is not None,
            )
            self.step(who, builder, refusals)
        elif who is not lock.holder:
            calls.make_immutable(*given)
            self.step(who, builder, refusals)

    def grow(self, data, lock: Lock, who, given, refusals: set[str]) -> None:
        """The delay grows; what is announced keeps its due time."""
        delay = self.choose(data, "delay", [lock.delay_ms + 1], [lock.delay_ms, lock.delay_ms - 1, MAX_DELAY_MS + 1])
        calls.grow_upgrade_delay(*given, delay)
        refusals = refusals | broken(
            upgrade_lock__EDelay=delay > MAX_DELAY_MS, upgrade_lock__EDelayShrinks=delay <= lock.delay_ms
        )

        def apply(_: ExecutedTransaction) -> None:
            lock.delay_ms = delay

        self.step(who, given[0], refusals, apply)

    def keep(self, lock: Lock, announced: tuple[bytes, int] | None) -> None:
        lock.announced = announced
