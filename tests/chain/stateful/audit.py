"""The events as anybody sees them, judged without the model: signatures, ends of requests, versions, and delays.

Only what transactions told: keys come from registrations, what is approved and put up from clusters' states.
"""

from dataclasses import asdict, dataclass, field

from chain.bindings import events
from chain.bindings.state import ClusterState
from chain.statements import ANSWER_STATEMENT, answer_of, signature_holds
from localnet.ledger import ExecutedTransaction
from sui.types import Address

from .actors import Stage
from .model import MUST_BE_PUT_UP


@dataclass
class Audit:
    """What was told so far in one example."""

    stage: Stage
    registered: dict[Address, events.EnclaveRegistered] = field(default_factory=dict)
    ends: dict[Address, int] = field(default_factory=dict)
    approved: dict[Address, tuple[int, int]] = field(default_factory=dict)
    stopped: set[Address] = field(default_factory=set)
    asked: dict[Address, events.K8sAPIRequest] = field(default_factory=dict)
    over: set[Address] = field(default_factory=set)
    clusters: dict[Address, ClusterState] = field(default_factory=dict)
    tokens: dict[Address, events.SealTokenChanged] = field(default_factory=dict)
    waiting: set[tuple[Address, str, int]] = field(default_factory=set)

    def read(self, done: ExecutedTransaction) -> None:
        """Take in the events of one transaction."""
        original = self.stage.code[1].original
        ended = []
        for each in done.events:
            match events.decode_event(original, each.type, each.contents):
                case events.K8sAPIRequest() as told:
                    assert told.request_id not in self.asked
                    self.asked[told.request_id] = told
                case events.K8sResponseStored() as told:
                    self._answer(told)
                    ended.append(told.request_id)
                case events.K8sRequestProcessed() as told:
                    assert told.request_id in self.asked
                    assert told.request_id not in self.over, "a request ended twice"
                    self.over.add(told.request_id)
                case events.ClusterChanged() as told:
                    self._cluster(told.state, told.change)
                case events.EnclaveActivated() as told:
                    self.clusters[told.state.cluster] = told.state
                case events.EnclaveRegistered() as told:
                    self.registered[told.enclave] = told
                    self._lasts(told)
                case events.EnclaveRenewed() as told:
                    self._lasts(told)
                case events.EnclaveRevoked() as told:
                    self.stopped.add(told.enclave)
                case events.SealTokenChanged() as told:
                    self._token(told)
        assert set(ended) <= self.over

    def _lasts(self, told: events.EnclaveRegistered | events.EnclaveRenewed) -> None:
        self.ends[told.enclave] = told.expires_at
        self.approved[told.enclave] = (told.measurement, told.configuration)

    def _answer(self, told: events.K8sResponseStored) -> None:
        """An answer is signed by the registered key of an enclave that was usable then, to a request still open."""
        request = self.asked[told.request_id]
        assert told.request_id not in self.over, "a request was answered twice"
        assert self.stage.now == told.stored_at <= request.answer_until, "answered after its time"
        assert (told.enclave, told.cluster, told.payload_hash) == (
            request.enclave,
            request.cluster,
            request.payload_hash,
        )
        enclave = self.registered[told.enclave]
        assert told.enclave not in self.stopped, "answered by a revoked enclave"
        assert self.stage.now < self.ends[told.enclave], "answered by an expired enclave"
        state = self.clusters[told.cluster]
        measurement, configuration = self.approved[told.enclave]
        live = {each.version for each in (*state.measurements, *state.configurations) if each.retired_at is None}
        assert {measurement, configuration} <= live, "answered under a retired approval"
        statement = answer_of(told, chain_id=bytes(self.stage.ledger.chain_id), package=self.stage.code[1].original)
        signed = signature_holds(enclave.public_key, told.signature, ANSWER_STATEMENT.encode(statement))
        assert signed, "an answer was stored that the enclave's key did not sign"

    def _cluster(self, state: ClusterState, change: str) -> None:
        """Each change counts by one, and what loosens was announced at least its delay before it holds."""
        now, before = self.stage.now, self.clusters.get(state.cluster)
        self.clusters[state.cluster] = state
        if before is None:
            assert change == "created"
            return
        assert state.config_version == before.config_version + 1
        old, new = asdict(before.settings_at(now)), asdict(state.settings_at(now))
        for name, value in new.items():
            loosened = value < old[name] if name in MUST_BE_PUT_UP else value > old[name]
            assert not loosened, f"{name} was loosened at once"
        for pending in state.pending_settings:
            place = (state.cluster, pending.name, pending.due)
            assert place in self.waiting or pending.due >= now + before.delays.settings_ms
            self.waiting.add(place)
        known = {each.version for each in (*before.measurements, *before.configurations)}
        for entry in (*state.measurements, *state.configurations):
            assert entry.version in known or entry.valid_from >= now + before.delays.measurement_ms
        if state.successor is not None and state.successor != before.successor:
            assert state.successor.due >= now + before.delays.operator_ms
        in_office = before.operator
        if before.successor is not None and before.successor.due <= now:
            in_office = before.successor.operator
        assert state.operator == in_office, "another operator came into office at once"
        assert all(asdict(state.delays)[name] >= span for name, span in asdict(before.delays).items())
        assert asdict(state.penalties) == asdict(before.penalties)
        assert state.delay_maxima == before.delay_maxima

    def _token(self, told: events.SealTokenChanged) -> None:
        """Each change counts by one; an announcement by anybody changes nothing."""
        before = self.tokens.get(told.token)
        self.tokens[told.token] = told
        if before is None:
            assert told.revision == 1
        elif told.revision == before.revision:
            assert told == before
        else:
            assert told.revision == before.revision + 1
            assert (told.owner, told.cluster, told.public_key) == (before.owner, before.cluster, before.public_key)
            assert told.revoked >= before.revoked
