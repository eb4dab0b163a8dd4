"""The signer process: the enclave's Ed25519 key, used for answers and for transactions, through two doors.

It reads 64 bytes of the NSM's randomness from standard input, mixes them with the kernel's, and answers on
`signer.sock`. Answers and violations are signed for the executor only, journalled before they are released;
transactions for gateway and executor, with coins of the pool. It runs once a boot: when it ends, the enclave reboots
with other keys.

Methods (all bytes raw, addresses 32 bytes): `identity`, `sign_answer`, `sign_violation`, `clock`, `sign_transaction`,
`settle`, `add_coins`, `reserve`, `release`, `release_all`, `operator`, `approve_package`, `coins`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import zlib
from typing import TYPE_CHECKING, Any

import structlog

from chain.statements import ANSWER_DOMAIN, VIOLATION_DOMAIN, AnswerStatement, ViolationStatement
from enclave import logs, params
from enclave.answer_book import AnswerBook, Binding, SignedAnswer
from enclave.coin_pool import CoinPool, CoinState
from enclave.custody_limits import LIMITS, CustodyLimits
from enclave.errors import BootFailed, SignatureRefused
from enclave.parameters import read_parameters
from enclave.places import Places, Uid, allowed_uids
from enclave.seeds import SOURCE_BYTES, mixed_seed
from enclave.transaction_rules import TransactionRules
from sui.builder import transaction_data
from sui.digests import transaction_digest
from sui.errors import BcsError, BuildError
from sui.keys import Ed25519Key
from sui.transaction import NO_EXPIRATION, TRANSACTION_DATA, TRANSACTION_KIND, EpochExpiration
from wire.errors import IpcError
from wire.frames import LENGTH
from wire.ipc import Handler, Peer, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from enclave.parameters import BootParameters
    from sui.types import Address

_log = structlog.get_logger()


class Journal:
    """The statements that were signed, appended before their signatures are released; it never leaves the enclave.

    One frame a statement: length, CRC-32, signature and statement. What is over is dropped by writing it anew.
    """

    def __init__(self, path: Path) -> None:
        """Begin a new journal.

        Raises:
            BootFailed: there is one already, so a signer has run in this boot before.
        """
        self._path = path
        self.records = 0
        try:
            self._file = os.open(path, _NEW_FILE, 0o600)
        except FileExistsError:
            raise BootFailed("a signer has run in this boot before; only a reboot, with new keys, can go on") from None

    def append(self, answer: SignedAnswer) -> None:
        """Write one answer and wait until it is kept."""
        _write(self._file, _frame(answer))
        self.records += 1

    def rewrite(self, answers: Collection[SignedAnswer]) -> None:
        """Keep these answers alone."""
        temporary = self._path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        file = os.open(temporary, _NEW_FILE, 0o600)
        _write(file, b"".join(map(_frame, answers)))
        temporary.replace(self._path)
        os.close(self._file)
        self._file, self.records = file, len(answers)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


_FRAMEWORK_BYTES = 2
"""The ids of the ledger's own packages are zero but for their last bytes."""
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND


def _frame(answer: SignedAnswer) -> bytes:
    record = answer.signature + answer.encoded
    return LENGTH.pack(len(record)) + LENGTH.pack(zlib.crc32(record)) + record


def _write(file: int, data: bytes) -> None:
    if os.write(file, data) != len(data):
        raise OSError("the signer's journal did not take a whole record")
    os.fsync(file)


class Signer:
    """The key, the answers and the coins, behind the methods of the socket."""

    def __init__(
        self,
        key: Ed25519Key,
        parameters: BootParameters,
        journal: Journal,
        limits: CustodyLimits = LIMITS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Sign with `key` for one boot; `monotonic` tells how old leases are."""
        self._key = key
        self._monotonic = monotonic
        self._journal = journal
        self._limits = limits
        self._packages = frozenset({parameters.package})
        self._recipients: frozenset[Address] = frozenset({key.address})
        self._binding = Binding(parameters.chain_id, parameters.package, parameters.cluster)
        self._book = AnswerBook(self._binding, key.sign, limits)
        self._pool = CoinPool(limits)
        self._executor = allowed_uids(Uid.EXECUTOR)

    def handlers(self) -> dict[str, Handler]:
        """The methods of the socket."""
        names = (
            "identity", "sign_answer", "sign_violation", "clock", "sign_transaction", "settle", "add_coins", "reserve",
            "release", "release_all", "operator", "approve_package", "coins",
        )  # fmt: skip
        return {name: _answering(getattr(self, name)) for name in names}

    @staticmethod
    def allowed() -> dict[str, frozenset[int]]:
        """Who may call what."""
        executor, both = allowed_uids(Uid.EXECUTOR), allowed_uids(Uid.EXECUTOR, Uid.GATEWAY)
        alone = (
            "sign_answer",
            "sign_violation",
            "clock",
            "reserve",
            "release",
            "release_all",
            "operator",
            "approve_package",
        )
        shared = ("sign_transaction", "settle", "add_coins", "coins")
        return dict.fromkeys(alone, executor) | dict.fromkeys(shared, both)

    def identity(self, _: Peer, __: Any) -> dict[str, Any]:
        """Public key and address."""
        return {"public_key": self._key.public, "address": bytes(self._key.address)}

    def sign_answer(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Sign one answer, once; the same again gives the same bytes."""
        fields = params.fields(raw)
        wanted = AnswerStatement(
            domain=ANSWER_DOMAIN,
            chain_id=fields.bytes("chain_id", self._binding.chain_id),
            package=fields.address("package", self._binding.package),
            cluster=fields.address("cluster", self._binding.cluster),
            enclave=fields.address("enclave"),
            epoch=fields.number("epoch"),
            sequence=0,
            config_version=fields.number("config_version"),
            request_id=fields.address("request_id"),
            payload_hash=fields.bytes("payload_hash"),
            status=fields.number("status", most=0xFFFF),
            body_hash=fields.bytes("body_hash"),
            executed_at=fields.number("executed_at"),
            answer_until=fields.number("answer_until"),
        )
        return self._released(wanted)

    def sign_violation(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Sign one violation, once, and only where no answer was signed; the same again gives the same bytes."""
        fields = params.fields(raw)
        return self._released(
            ViolationStatement(
                domain=VIOLATION_DOMAIN,
                chain_id=fields.bytes("chain_id", self._binding.chain_id),
                package=fields.address("package", self._binding.package),
                cluster=fields.address("cluster", self._binding.cluster),
                enclave=fields.address("enclave"),
                epoch=fields.number("epoch"),
                sequence=0,
                config_version=fields.number("config_version"),
                request_id=fields.address("request_id"),
                payload_hash=fields.bytes("payload_hash"),
                found_at=fields.number("found_at"),
                answer_until=fields.number("answer_until"),
            )
        )

    def _released(self, wanted: AnswerStatement | ViolationStatement) -> dict[str, Any]:
        """Sign, journal, and only then give."""
        answer, new = self._book.plan(wanted)
        if new:
            self._journal.append(answer)
            self._book.record(answer)
        return {
            "sequence": answer.statement.sequence,
            "signature": answer.signature,
            "statement": answer.encoded,
        }

    def clock(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Take note of the authenticated clock; answers whose time is over are dropped."""
        dropped = self._book.advance(params.fields(raw).number("now_ms"))
        if dropped and self._journal.records > 2 * self._book.count + self._limits.spare_records:
            self._journal.rewrite(self._book.answers)
        return {"dropped": dropped}

    def sign_transaction(self, peer: Peer, raw: Any) -> dict[str, Any]:
        """Lease a coin, complete the transaction with it, and sign it."""
        fields = params.fields(raw)
        encoded = fields.bytes("kind")
        budget, price = fields.number("gas_budget"), fields.number("gas_price")
        epoch, reservation = fields.optional_number("expiration_epoch"), fields.optional_number("reservation")
        if len(encoded) > self._limits.transaction_kind_bytes:
            raise SignatureRefused("too-large", "the transaction is longer than the ledger takes")
        if not 0 < budget <= self._limits.gas_budget_mist or not 0 < price <= self._limits.gas_price_mist:
            raise SignatureRefused("forbidden", "the gas budget or price is above what the signer allows")
        kind = TRANSACTION_KIND.decode(encoded)
        rules = TransactionRules(self._packages, self._recipients)
        further = rules.check(kind, money=peer.uid in self._executor)
        if reservation is not None and peer.uid not in self._executor:
            raise SignatureRefused("forbidden", "reservations are the executor's")
        lease = self._pool.lease(budget, reservation=reservation, further=further, now_s=self._monotonic())
        try:
            expiration = NO_EXPIRATION if epoch is None else EpochExpiration(epoch)
            data = transaction_data(
                kind,  # type: ignore[arg-type]  # the rules let programmable transactions pass only
                sender=self._key.address,
                payment=(lease.payment,),
                price=price,
                budget=budget,
                expiration=expiration,
            )
            transaction = TRANSACTION_DATA.encode(data)
        except (BuildError, BcsError):
            self._pool.cancel(lease.number)
            raise
        digest = transaction_digest(transaction)
        self._pool.signed(lease.number, digest)
        return {
            "transaction": transaction,
            "signature": self._key.sign_transaction(transaction),
            "digest": bytes(digest),
            "lease": lease.number,
            "balance": self._pool.balance(lease.number),
        }

    def settle(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Say how a leased coin's transaction ended."""
        fields = params.fields(raw)
        coin = fields.optional_map("coin")
        if coin is None:
            self._pool.settle(fields.number("lease"), None, None, self._monotonic())
        else:
            self._pool.settle(fields.number("lease"), coin.object_ref(), coin.optional_number("balance"))
        return {}

    def add_coins(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Take in coins of this account."""
        coins = [(coin.object_ref(), coin.number("balance")) for coin in params.fields(raw).maps("coins")]
        return {"added": self._pool.add(coins, self._monotonic())}

    def reserve(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Set a coin aside for an answer, once under the name that the caller chose."""
        self._pool.reserve(params.fields(raw).number("reservation"))
        return {}

    def release(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Give a reservation's coin back."""
        self._pool.release(params.fields(raw).number("reservation"))
        return {}

    def release_all(self, _: Peer, __: Any) -> dict[str, Any]:
        """Give all reservations back: what an executor calls when it starts."""
        self._pool.release_all()
        return {}

    def operator(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Name the operator, to whom gas may be returned, as an authenticated event has it."""
        self._recipients = frozenset({self._key.address, params.fields(raw).address("address")})
        return {}

    def approve_package(self, _: Peer, raw: Any) -> dict[str, Any]:
        """Allow calls of another version of our package, as an authenticated state of the cluster names it."""
        package = params.fields(raw).address("package")
        if package in self._packages:
            return {}
        if package[:-_FRAMEWORK_BYTES] == bytes(len(package) - _FRAMEWORK_BYTES):
            raise SignatureRefused("bad-request", f"{package} is no version of our package")
        if len(self._packages) > self._limits.packages:
            raise SignatureRefused("too-many", f"{self._limits.packages} other versions were approved in this boot")
        self._packages |= {package}
        return {}

    def coins(self, _: Peer, __: Any) -> dict[str, Any]:
        """The pool's state."""
        return {
            "free": self._pool.count(CoinState.FREE),
            "reserved": self._pool.count(CoinState.RESERVED),
            "leased": self._pool.count(CoinState.LEASED),
            "unknown": [bytes(c.ref.object_id) for c in self._pool.coins if c.state is CoinState.UNKNOWN],
            "balance": sum(coin.balance for coin in self._pool.coins if coin.state is CoinState.FREE),
            "leases": [
                {
                    "lease": lease.number,
                    "object_id": bytes(lease.payment.object_id),
                    "version": lease.payment.version,
                    "digest": bytes(lease.digest) if lease.digest else None,
                }
                for lease in self._pool.leases
            ],
        }


def _answering(method: Any) -> Handler:
    async def handler(peer: Peer, raw: Any) -> Any:
        try:
            return method(peer, raw)
        except SignatureRefused as error:
            raise IpcError(error.code, error.message) from None
        except (BcsError, BuildError) as error:
            raise IpcError("bad-request", str(error)) from None

    return handler


async def serve(places: Places, entropy: bytes) -> None:
    """Make the key and answer until cancelled."""
    seed = mixed_seed("ed25519", 32, nsm=entropy, kernel=os.urandom(SOURCE_BYTES))
    folder = places.private("signer")
    signer = Signer(Ed25519Key.generate(seed), read_parameters(places.parameters), Journal(folder / "statements"))

    def report(method: str, error: BaseException) -> None:
        """Log a call that failed for a reason of ours, without its text."""
        _log.error("call-failed", method=method, error=type(error).__name__)

    async with Server(places.signer, signer.handlers(), allowed=signer.allowed(), report=report) as server:
        _log.info("ready")
        await server.serve()


def main() -> None:
    """Run the process."""
    logs.configure("signer")
    entropy = sys.stdin.buffer.read(SOURCE_BYTES)
    asyncio.run(serve(Places.from_environment(), entropy))


if __name__ == "__main__":
    main()
