"""Which answers and violations this enclave has signed: one statement for each request id, ever.

Rules: the same statement again gives the same bytes again, until its "answer until" has passed on the authenticated
clock; another statement for the id is refused, a violation after an answer too, and so is the id itself once its entry
was dropped. Chain, package and cluster are this boot's; the enclave object and its epoch are fixed by the first answer.
Answers and violations have one sequence, whose numbers rise by one.

Two steps, so that nothing is released before it is journalled: `plan` gives the bytes, `record` makes them count.
Pure: signing is a parameter, the journal is its owner's.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chain.statements import (
    ANSWER_DOMAIN,
    ANSWER_STATEMENT,
    VIOLATION_DOMAIN,
    VIOLATION_STATEMENT,
    AnswerStatement,
    ViolationStatement,
)
from enclave.custody_limits import LIMITS, CustodyLimits
from enclave.errors import SignatureRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sui.types import Address


@dataclass(frozen=True)
class Binding:
    """What every answer of one boot has in common."""

    chain_id: bytes
    package: Address
    cluster: Address


@dataclass(frozen=True)
class SignedAnswer:
    """A statement, its bytes and the signature over them."""

    statement: AnswerStatement | ViolationStatement
    encoded: bytes
    signature: bytes


class AnswerBook:
    """Signs answers and remembers them."""

    def __init__(self, binding: Binding, sign: Callable[[bytes], bytes], limits: CustodyLimits = LIMITS) -> None:
        """Start with no answers; `sign` is the attested key's."""
        self._binding = binding
        self._sign = sign
        self._limits = limits
        self._answers: dict[Address, SignedAnswer] = {}
        self._spent: OrderedDict[Address, None] = OrderedDict()
        self._sequence = 0
        self._enclave: tuple[Address, int] | None = None
        self._now_ms = 0

    @property
    def count(self) -> int:
        """How many answers are remembered."""
        return len(self._answers)

    @property
    def answers(self) -> tuple[SignedAnswer, ...]:
        """The remembered answers, oldest first."""
        return tuple(self._answers.values())

    def advance(self, now_ms: int) -> int:
        """Take note of the authenticated clock, which never goes back; returns how many answers were dropped."""
        self._now_ms = max(self._now_ms, now_ms)
        over = [key for key, answer in self._answers.items() if answer.statement.answer_until < self._now_ms]
        for key in over:
            del self._answers[key]
            self._spent[key] = None
        while len(self._spent) > self._limits.spent_ids:
            self._spent.popitem(last=False)
        return len(over)

    def plan(self, wanted: AnswerStatement | ViolationStatement) -> tuple[SignedAnswer, bool]:
        """Give the signed answer, and whether it is new and must be journalled and recorded before it is released.

        Args:
            wanted: the statement; its sequence number is not looked at.

        Raises:
            SignatureRefused: bound elsewhere, too late, or another answer than before.
        """
        self._check_binding(wanted)
        known = self._answers.get(wanted.request_id)
        if known is not None:
            if replace(wanted, sequence=known.statement.sequence) != known.statement:
                raise SignatureRefused("equivocation", f"request {wanted.request_id} was answered differently before")
            return known, False
        if wanted.request_id in self._spent or wanted.answer_until < self._now_ms:
            raise SignatureRefused("too-late", f"the time for an answer to {wanted.request_id} has passed")
        acted_at = wanted.executed_at if isinstance(wanted, AnswerStatement) else wanted.found_at
        if acted_at > wanted.answer_until:
            raise SignatureRefused("bad-request", "an answer cannot be executed after its last moment")
        if len(self._answers) >= self._limits.answers:
            raise SignatureRefused("too-many", "too many answers are still within their time")
        statement = replace(wanted, sequence=self._sequence + 1)
        encoded = (
            ANSWER_STATEMENT.encode(statement)
            if isinstance(statement, AnswerStatement)
            else VIOLATION_STATEMENT.encode(statement)
        )
        return SignedAnswer(statement, encoded, self._sign(encoded)), True

    def record(self, answer: SignedAnswer) -> None:
        """Remember a planned answer, after it was journalled."""
        statement = answer.statement
        self._sequence = statement.sequence
        self._enclave = (statement.enclave, statement.epoch)
        self._answers[statement.request_id] = answer

    def _check_binding(self, wanted: AnswerStatement | ViolationStatement) -> None:
        if wanted.domain != (ANSWER_DOMAIN if isinstance(wanted, AnswerStatement) else VIOLATION_DOMAIN):
            raise SignatureRefused("bad-request", "not the statement of an answer or a violation")
        if Binding(wanted.chain_id, wanted.package, wanted.cluster) != self._binding:
            raise SignatureRefused(
                "bad-request", "the answer is for another chain, package or cluster than this boot's"
            )
        if self._enclave not in {None, (wanted.enclave, wanted.epoch)}:
            raise SignatureRefused("bad-request", "the answer is for another enclave object or epoch than before")
