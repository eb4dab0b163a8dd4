"""How much one client, and all together, may ask of the gateway at a time.

Role: the numbers, and the two counters that hold them: requests in flight and requests a second, each per token and
for all. Time is a parameter.

Rules: a refusal never queues and never costs anything on the chain; counters exist only for tokens that were seen
lately and known to the registry, so a stranger cannot fill them.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """Every number of the gateway, with its unit in its name.

    A batch is a programmable transaction of several requests; a session is a token under one grant.
    """

    body_bytes: int = 3 * 1024 * 1024
    header_bytes: int = 64 * 1024
    header_count: int = 128
    answer_bytes: int = 15 * 1024 * 1024
    requests_in_flight: int = 64
    requests_waiting: int = 256
    token_requests: int = 128
    token_streams: int = 64
    streams: int = 512
    token_rate_per_s: float = 100.0
    token_burst: int = 300
    tokens_counted: int = 4096
    connections: int = 1024
    handshakes: int = 64
    request_deadline_ms: int = 60_000
    stream_deadline_ms: int = 1_800_000
    deadline_margin_ms: int = 2_000
    deadline_extra_ms: int = 5_000
    answer_grace_ms: int = 2_000
    local_timeout_s: float = 60.0
    fetch_timeout_s: float = 30.0
    body_timeout_s: float = 60.0
    client_idle_s: float = 120.0
    client_write_s: float = 120.0
    client_gone_poll_s: float = 1.0
    stream_first_frame_s: float = 30.0
    frame_bytes: int = 4 * 1024 * 1024
    retry_after_s: int = 1
    denials_kept: int = 1024
    answers_kept: int = 512
    batch_requests: int = 8
    batch_bytes: int = 100_000
    batches_per_session: int = 8
    batch_linger_s: float = 0.005
    transactions_in_flight: int = 16
    gas_budget_mist: int = 8_000_000
    gas_request_mist: int = 6_000_000
    gas_byte_mist: int = 50
    gas_price_max_mist: int = 100_000
    gas_price_age_s: float = 60.0
    gas_wait_s: float = 2.0
    gas_poll_s: float = 0.1
    retry_first_s: float = 0.1
    retry_cap_s: float = 2.0


@dataclass(slots=True)
class _Account:
    """What one token has in use and how much of its rate is left."""

    requests: int = 0
    streams: int = 0
    allowance: float = 0.0
    filled_at_s: float = 0.0


@dataclass(slots=True)
class Meter:
    """Counts what is in use, per token and in all, and refuses beyond the limits."""

    limits: Limits
    requests: int = 0
    streams: int = 0
    _accounts: OrderedDict[bytes, _Account] = field(default_factory=OrderedDict)

    def enter(self, token: bytes, now_s: float, *, stream: bool) -> str | None:
        """Count one more request of a token.

        Args:
            token: The token's object id.
            now_s: Monotonic time.
            stream: Whether it is a watch, which is held to other numbers.

        Returns:
            None when it may go on (then `leave` must follow), else why not, in words.
        """
        limits = self.limits
        account = self._account(token, now_s)
        allowance = min(
            float(limits.token_burst),
            account.allowance + max(0.0, now_s - account.filled_at_s) * limits.token_rate_per_s,
        )
        account.allowance, account.filled_at_s = allowance, now_s
        if allowance < 1.0:
            return f"this token sends more than {limits.token_rate_per_s:g} requests a second"
        if stream:
            if account.streams >= limits.token_streams:
                return f"this token already has {limits.token_streams} watches open"
            if self.streams >= limits.streams:
                return f"the gateway already serves {limits.streams} watches"
            account.streams += 1
            self.streams += 1
        else:
            if account.requests >= limits.token_requests:
                return f"this token already has {limits.token_requests} requests in flight"
            if self.requests >= limits.requests_in_flight + limits.requests_waiting:
                return f"the gateway already has {self.requests} requests in flight and waiting"
            account.requests += 1
            self.requests += 1
        account.allowance -= 1.0
        return None

    def leave(self, token: bytes, *, stream: bool) -> None:
        """Take back one count of `enter`."""
        account = self._accounts[token]
        if stream:
            account.streams -= 1
            self.streams -= 1
        else:
            account.requests -= 1
            self.requests -= 1

    def _account(self, token: bytes, now_s: float) -> _Account:
        """Find or open a token's account; idle ones make room, oldest first."""
        account = self._accounts.get(token)
        if account is None:
            account = _Account(allowance=float(self.limits.token_burst), filled_at_s=now_s)
            self._accounts[token] = account
            idle = [key for key, known in self._accounts.items() if not (known.requests or known.streams)]
            for key in idle[: max(0, len(self._accounts) - self.limits.tokens_counted)]:
                if key != token:
                    del self._accounts[key]
        self._accounts.move_to_end(token)
        return account
