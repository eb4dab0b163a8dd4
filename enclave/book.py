"""The executor's memory: every request that is not over, rebuilt from the journal after a restart.

Role: hold each request's state, take steps along the table of `enclave.execution`, and write each step to the journal
before it counts.

Rules:
- what is over leaves a tombstone until its answer-until has passed (and its large body stays as long as it may be
  fetched), so that a repeated event or payload does nothing;
- a payload hash is executed once: the first request of its token that has it owns it, and only that token's can open
  it;
- the journal is rewritten when most of it is about what is over.

It does no I/O but through the log that it is given, and it knows neither apiserver nor signer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chain.bindings.events import EVENTS, ClusterChanged, EnclaveActivated, K8sAPIRequest, SealTokenChanged
from chain.errors import UnauthenticError
from chain.payload import sealed_hash
from chain.rules import Envelope
from enclave.door_limits import DOOR_LIMITS, DoorLimits
from enclave.execution import FINAL, Kind, Resume, State, Step, advance, after_restart
from enclave.execution_errors import CrowdedError, JournalError
from enclave.execution_limits import LIMITS, ExecutionLimits
from enclave.http_policy import kind_of
from enclave.records import (
    Answer,
    Cursor,
    Done,
    Ended,
    Event,
    Expected,
    Intent,
    Payload,
    Record,
    Signed,
    Violated,
    decode_record,
    encode_record,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chain.bindings.events import ContractEvent
    from chain.bindings.state import ClusterState
    from enclave.journal import Log
    from sui.types import Address


@dataclass
class Entry:
    """One request that is not over.

    Attributes:
        event: what the contract allowed.
        record: the event as it is journalled.
        state: where it stands.
        kind: what running it twice would do.
        resume: what this life of the executor does first.
        answer: the one sealed answer, once there is one.
        violated: what there is instead of an answer, where its sender broke the rules.
        signed: the signer's word, once it is given.
    """

    event: K8sAPIRequest
    record: Event
    state: State = State.SEEN
    kind: Kind = Kind.READ
    resume: Resume = Resume.RUN
    answer: Answer | None = None
    violated: Violated | None = None
    signed: Signed | None = None

    @property
    def request_id(self) -> Address:
        """The request's id."""
        return self.event.request_id

    @property
    def envelope(self) -> Envelope:
        """What stands in clear about it."""
        event = self.event
        return Envelope(event.verb, event.group, event.resource, event.subresource, event.namespace)


@dataclass
class Book:
    """Every request, token and own transaction that the executor must remember.

    Attributes:
        log: where records are kept.
        limits: the executor's limits.
        cursor: where the ledger's events go on; None before the first.
        inline_bytes: a sealed answer longer than this may be fetched by its hash, so it is kept for a time; what the
            settings of the cluster's newest state say, without what is pending there.
    """

    log: Log
    limits: ExecutionLimits = LIMITS
    cursor: bytes | None = None
    inline_bytes: int = LIMITS.inline_bytes
    _open: dict[bytes, Entry] = field(default_factory=dict)
    _done: dict[bytes, Done] = field(default_factory=dict)
    _owners: dict[bytes, bytes] = field(default_factory=dict)
    _expected: dict[bytes, Expected] = field(default_factory=dict)
    _payloads: dict[bytes, Payload] = field(default_factory=dict)
    _bodies: dict[bytes, bytes] = field(default_factory=dict)
    _state: dict[tuple[str, bytes], Event] = field(default_factory=dict)
    _live_bytes: int = 0
    _settings_of: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        """Rebuild everything from the log.

        Raises:
            JournalError: its records do not fit together.
        """
        for data in self.log.found:
            self._replay(decode_record(data))
        self.log.found = []
        for entry in self._open.values():
            entry.resume = after_restart(entry.state, entry.kind)

    # ---- what is known -------------------------------------------------------------------------------------------

    def open_entries(self) -> tuple[Entry, ...]:
        """Every request that is not over, in the order in which they came."""
        return tuple(self._open.values())

    def get(self, request_id: Address) -> Entry | None:
        """A request that is not over."""
        return self._open.get(bytes(request_id))

    def is_known(self, request_id: Address) -> bool:
        """Whether this request was seen, over or not."""
        return bytes(request_id) in self._open or bytes(request_id) in self._done

    def owns_payload(self, entry: Entry) -> bool:
        """Whether this request is the one that may execute its payload."""
        event = entry.event
        return self._owners.get(_payload_key(event.token, event.payload_hash)) == bytes(entry.request_id)

    def state_events(self) -> Iterator[ContractEvent]:
        """The last event of each token, cluster and enclave, as the journal has them."""
        for (name, _), record in self._state.items():
            yield EVENTS[name].decode(record.contents)

    def state_records(self) -> Iterator[Event]:
        """The same events as they came, with the transactions that emitted them."""
        return iter(tuple(self._state.values()))

    def expected(self) -> Iterator[Expected]:
        """Own transactions whose requests may still come."""
        return iter(tuple(self._expected.values()))

    def payload(self, payload_hash: bytes) -> bytes | None:
        """Sealed bytes that came beside the chain."""
        found = self._payloads.get(payload_hash)
        return found.sealed if found is not None else None

    def body(self, body_hash: bytes, token: Address) -> bytes | None:
        """A sealed answer to a request of this token, which is fetched by its hash."""
        key = self._bodies.get(body_hash, b"")
        entry, done = self._open.get(key), self._done.get(key)
        if entry is not None and entry.answer is not None:
            sealed, whose = entry.answer.sealed, bytes(entry.event.token)
        elif done is not None:
            sealed, whose = done.sealed, done.token
        else:
            return None
        return sealed if sealed and whose == bytes(token) else None

    # ---- what happens --------------------------------------------------------------------------------------------

    def see(self, event: ContractEvent, record: Event) -> Entry | None:
        """Take in an authenticated event; give the new request, None where it is none or known already."""
        if isinstance(event, K8sAPIRequest):
            if self.is_known(event.request_id):
                self.cursor = record.cursor or self.cursor
                return None
            self._write(record)
            return self._add(event, record)
        self._write(record)
        self._keep_state(event, record)
        self.cursor = record.cursor or self.cursor
        return None

    def expect(self, expected: Expected, payloads: Iterable[Payload] = ()) -> None:
        """Remember an own transaction, and what travels beside it, before it is submitted.

        Raises:
            UnauthenticError: the payloads are more than are kept.
        """
        fresh = tuple(payloads)
        held = sum(len(each.sealed) for each in self._payloads.values()) + sum(len(each.sealed) for each in fresh)
        if fresh and held > self.limits.payloads_kept_bytes:
            raise UnauthenticError("payloads", f"more than {self.limits.payloads_kept_bytes} bytes wait for requests")
        self._write(expected, *fresh)
        self._expected[expected.digest] = expected
        self._payloads.update((each.payload_hash, each) for each in fresh)

    def put(self, payload: Payload, limits: DoorLimits = DOOR_LIMITS) -> None:
        """Remember sealed bytes that a token's owner brought, until their request comes; known ones do nothing.

        Raises:
            CrowdedError: he, or all together, keep more than may wait.
        """
        if payload.payload_hash in self._payloads:
            return
        brought = [each for each in self._payloads.values() if each.token]
        own = [len(each.sealed) for each in brought if each.token == payload.token]
        size = len(payload.sealed)
        if len(own) >= limits.token_puts or sum(own) + size > limits.token_put_bytes:
            raise CrowdedError("too many payloads of this token wait for their requests; submit those first")
        if sum(len(each.sealed) for each in brought) + size > limits.all_put_bytes:
            raise CrowdedError("too many payloads wait for their requests; try again later")
        self._write(payload)
        self._payloads[payload.payload_hash] = payload

    def intend(self, entry: Entry) -> None:
        """Write down that the apiserver is about to be asked."""
        self._step(entry, Step.INTEND, Intent(bytes(entry.request_id), entry.kind.value))

    def answer(self, entry: Entry, answer: Answer) -> None:
        """Write down the one answer."""
        self._step(entry, Step.ANSWER, answer)
        self._keep_answer(entry, answer)

    def violate(self, entry: Entry, violated: Violated) -> None:
        """Write down that there is no answer but a violation."""
        self._step(entry, Step.ANSWER, violated)
        entry.violated = violated

    def sign(self, entry: Entry, signed: Signed) -> None:
        """Write down the signer's word."""
        self._step(entry, Step.SIGN, signed)
        entry.signed = signed

    def end(self, entry: Entry, step: Step) -> None:
        """Write down that a request is over: stored, or lapsed; a second time does nothing."""
        if entry.state in FINAL:
            return
        state = advance(entry.state, step)
        self._write(Ended(bytes(entry.request_id), state.value))
        entry.state = state
        self._bury(entry)

    def forget(self, now_ms: int) -> None:
        """Drop what no longer matters at this time, and shorten the journal where that is worth it."""
        for key in [key for key, done in self._done.items() if done.until < now_ms]:
            gone = self._done.pop(key)
            owned = _payload_key(gone.token, gone.payload_hash)
            if self._owners.get(owned) == key:
                del self._owners[owned]
        self._expected = {key: each for key, each in self._expected.items() if each.until >= now_ms}
        self._payloads = {key: each for key, each in self._payloads.items() if each.until >= now_ms}
        kept = 0
        for key, done in reversed(tuple(self._done.items())):
            kept += len(done.sealed)
            if done.sealed and kept > self.limits.kept_bytes:
                self._done[key] = replace(done, sealed=b"")
        fetchable = {key for key, done in self._done.items() if done.sealed} | self._open.keys()
        self._bodies = {body_hash: key for body_hash, key in self._bodies.items() if key in fetchable}
        if self.log.size_bytes > self._live_bytes + self.limits.journal_slack_bytes:
            records = [encode_record(record) for record in self._records()]
            self.log.rewrite(records)
            self._live_bytes = self.log.size_bytes

    # ---- inside --------------------------------------------------------------------------------------------------

    def _write(self, *records: Record) -> None:
        self.log.append(*(encode_record(record) for record in records))

    def _step(self, entry: Entry, step: Step, record: Record) -> None:
        state = advance(entry.state, step)
        self._write(record)
        entry.state = state

    def _add(self, event: K8sAPIRequest, record: Event) -> Entry:
        entry = Entry(event, record)
        entry.kind = kind_of(entry.envelope, stream=event.stream)
        self._open[bytes(event.request_id)] = entry
        self._owners.setdefault(_payload_key(event.token, event.payload_hash), bytes(event.request_id))
        self.cursor = record.cursor or self.cursor
        return entry

    def _keep_state(self, event: ContractEvent, record: Event) -> None:
        subject = getattr(event, "token", None) or getattr(event, "enclave", None) or b""
        key = (record.name, bytes(subject))
        known = self._state.get(key)
        if known is not None and isinstance(event, SealTokenChanged):
            before = EVENTS[record.name].decode(known.contents)
            if isinstance(before, SealTokenChanged) and (before.revoked, before.revision) > (
                event.revoked,
                event.revision,
            ):
                return
        if isinstance(event, ClusterChanged | EnclaveActivated):
            newest = self._keep_settings(event.state)
            if isinstance(event, ClusterChanged) and not newest:
                return
        self._state[key] = record

    def _keep_settings(self, state: ClusterState) -> bool:
        """Note what of answers has to be kept, by the newest state; whether this one is the newest."""
        which = (state.config_version, state.epoch)
        if which < self._settings_of:
            return False
        self._settings_of = which
        self.inline_bytes = min(self.limits.inline_bytes, state.settings.response_inline_bytes)
        return True

    def _keep_answer(self, entry: Entry, answer: Answer) -> None:
        entry.answer = answer
        if answer.sealed:
            self._bodies[sealed_hash(answer.sealed)] = bytes(entry.request_id)

    def _bury(self, entry: Entry) -> None:
        key, event = bytes(entry.request_id), entry.event
        sealed = entry.answer.sealed if entry.answer is not None else b""
        large = len(sealed) > self.inline_bytes
        until = event.answer_until + (self.limits.keep_ms if large else 0)
        kept = sealed if large else b""
        self._done[key] = Done(key, bytes(event.token), event.payload_hash, max(until, event.deadline), kept)
        self._open.pop(key, None)
        if sealed:
            # It opened for this request. Whoever only named its hash does not take it from its owner.
            self._payloads.pop(event.payload_hash, None)

    def _replay(self, record: Record) -> None:
        match record:
            case Event():
                event = EVENTS[record.name].decode(record.contents)
                if isinstance(event, K8sAPIRequest):
                    if not self.is_known(event.request_id):
                        self._add(event, record)
                else:
                    self._keep_state(event, record)
                self.cursor = record.cursor or self.cursor
            case Expected():
                self._expected[record.digest] = record
            case Payload():
                self._payloads[record.payload_hash] = record
            case Cursor():
                self.cursor = record.cursor
            case Done():
                self._done[record.request_id] = record
                self._owners.setdefault(_payload_key(record.token, record.payload_hash), record.request_id)
                if record.sealed:
                    self._bodies[sealed_hash(record.sealed)] = record.request_id
            case _:
                self._replay_step(record)

    def _replay_step(self, record: Intent | Answer | Violated | Signed | Ended) -> None:
        entry = self._open.get(record.request_id)
        if entry is None:
            raise JournalError("a journal record speaks of a request that the journal does not have; it is damaged")
        match record:
            case Intent():
                entry.state = advance(entry.state, Step.INTEND)
            case Answer():
                entry.state = advance(entry.state, Step.ANSWER)
                self._keep_answer(entry, record)
            case Violated():
                entry.state, entry.violated = advance(entry.state, Step.ANSWER), record
            case Signed():
                entry.state, entry.signed = advance(entry.state, Step.SIGN), record
            case Ended():
                entry.state = advance(entry.state, Step.STORE if record.state == State.STORED else Step.LAPSE)
                self._bury(entry)

    def _records(self) -> Iterator[Record]:
        """Everything that still matters, as a fresh journal would have it."""
        yield from self._state.values()
        yield from self._expected.values()
        yield from self._payloads.values()
        yield from self._done.values()
        for entry in self._open.values():
            yield entry.record
            if entry.state is State.INTENDED:
                yield Intent(bytes(entry.request_id), entry.kind.value)
            if entry.answer is not None:
                yield entry.answer
            if entry.violated is not None:
                yield entry.violated
            if entry.signed is not None:
                yield entry.signed
        if self.cursor is not None:
            yield Cursor(self.cursor)


def _payload_key(token: bytes, payload_hash: bytes) -> bytes:
    """A payload is sealed for one token: another one's request with its hash is another matter."""
    return bytes(token) + payload_hash
