"""The life of one request inside the enclave, as one table.

Rules:
- A request moves only along `TRANSITIONS`; an unknown pair is refused; `STORED` and `LAPSED` are absorbing.
- Each step is journalled before what it permits is done: `INTEND` before the apiserver is called, `ANSWER` (with the
  one sealed answer, or instead of one the violation that was found) before the signer is asked, `SIGN` before the
  transaction is sent.
- `after_restart` says what the next life of the executor does with a request that it finds in the journal: reads run
  again; a change whose intent is journalled without an answer is answered "outcome unknown" and never run again; a
  stream is answered "interrupted" and never run again.

    seen ──INTEND──▶ intended ──ANSWER──▶ answered ──SIGN──▶ signed ──STORE──▶ stored
      └────────────────ANSWER────────────────▲                 (LAPSE from anywhere ──▶ lapsed)

It does no I/O and knows no bytes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from enclave.execution_errors import TransitionError

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """Where a request stands."""

    SEEN = "seen"
    INTENDED = "intended"
    ANSWERED = "answered"
    SIGNED = "signed"
    STORED = "stored"
    LAPSED = "lapsed"


class Step(StrEnum):
    """What happens to a request."""

    INTEND = "intend"
    ANSWER = "answer"
    SIGN = "sign"
    STORE = "store"
    LAPSE = "lapse"


class Kind(StrEnum):
    """What running a request twice would do."""

    READ = "read"
    CHANGE = "change"
    STREAM = "stream"


class Resume(StrEnum):
    """What the executor does next with a request that it found in its journal."""

    RUN = "run"
    SAY_UNKNOWN = "say unknown"
    SAY_INTERRUPTED = "say interrupted"
    SIGN = "sign"
    STORE = "store"
    NOTHING = "nothing"


TRANSITIONS: Final[Mapping[tuple[State, Step], State]] = {
    (State.SEEN, Step.INTEND): State.INTENDED,
    (State.SEEN, Step.ANSWER): State.ANSWERED,
    (State.SEEN, Step.LAPSE): State.LAPSED,
    (State.INTENDED, Step.INTEND): State.INTENDED,
    (State.INTENDED, Step.ANSWER): State.ANSWERED,
    (State.INTENDED, Step.LAPSE): State.LAPSED,
    (State.ANSWERED, Step.SIGN): State.SIGNED,
    (State.ANSWERED, Step.STORE): State.STORED,
    (State.ANSWERED, Step.LAPSE): State.LAPSED,
    (State.SIGNED, Step.STORE): State.STORED,
    (State.SIGNED, Step.LAPSE): State.LAPSED,
}
"""Every step there is. A read that runs again after a restart intends twice; an answer that an earlier life stored is
learnt from the ledger, signed or not."""

FINAL: Final = frozenset({State.STORED, State.LAPSED})
"""States after which nothing is done for a request."""


def advance(state: State, step: Step) -> State:
    """Take one step.

    Raises:
        TransitionError: the table does not have it.
    """
    following = TRANSITIONS.get((state, step))
    if following is None:
        raise TransitionError(f"a request that is {state} cannot {step}; this is a fault of the executor")
    return following


def after_restart(state: State, kind: Kind) -> Resume:
    """Say what to do with a request of an earlier life."""
    match state:
        case State.SEEN:
            return Resume.RUN
        case State.INTENDED:
            return {
                Kind.READ: Resume.RUN,
                Kind.CHANGE: Resume.SAY_UNKNOWN,
                Kind.STREAM: Resume.SAY_INTERRUPTED,
            }[kind]
        case State.ANSWERED:
            return Resume.SIGN
        case State.SIGNED:
            return Resume.STORE
        case _:
            return Resume.NOTHING
