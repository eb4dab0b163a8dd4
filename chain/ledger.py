"""The ledger port: everything that the project asks of a Sui node.

Role: one abstract class, so that a test, a recording or another transport can take a node's place.

Rules: an implementation wraps every foreign error into `chain.errors`; each call has a deadline of its own; what comes
back is decoded but *not believed*: a node may lie, and `chain.events` and `chain.verification` check what matters.

It holds no key and builds no transaction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chain.errors import NotFoundError
from sui.types import ObjectRef

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sui.effects import TransactionEffects
    from sui.type_tag import StructTag
    from sui.types import Address, Digest, Owner

__all__ = [
    "Abort",
    "Coin",
    "EventFrame",
    "ExecutedTransaction",
    "FunctionSignature",
    "GasUsed",
    "Ledger",
    "LedgerEvent",
    "LedgerObject",
    "ObjectRef",
    "ServiceInfo",
    "Simulation",
    "TransactionFrame",
]


@dataclass(frozen=True)
class ServiceInfo:
    """Which chain a node serves, and how far it is."""

    chain_id: Digest
    epoch: int
    checkpoint: int
    timestamp_ms: int
    server: str


@dataclass(frozen=True)
class LedgerObject:
    """One object version: a Move object's type and BCS, or a package (without type)."""

    ref: ObjectRef
    owner: Owner
    type: StructTag | None
    contents: bytes
    previous_transaction: Digest | None = None


@dataclass(frozen=True)
class Coin:
    """A SUI coin."""

    ref: ObjectRef
    balance: int


@dataclass(frozen=True)
class LedgerEvent:
    """An event as a node reports it; (`digest`, `index`) identifies it."""

    digest: Digest
    index: int
    package: Address
    module: str
    sender: Address
    type: StructTag
    contents: bytes
    checkpoint: int | None = None

    @property
    def key(self) -> tuple[Digest, int]:
        """The idempotency key."""
        return (self.digest, self.index)


@dataclass(frozen=True)
class EventFrame:
    """One frame of an event stream: an event or none, and where the stream stands.

    `end` marks a listing's last frame; `exhausted` says that nothing follows it now.
    """

    event: LedgerEvent | None
    cursor: bytes | None
    checkpoint: int | None
    end: bool = False
    exhausted: bool = False


@dataclass(frozen=True)
class GasUsed:
    """What an execution cost, in MIST."""

    computation: int
    storage: int
    rebate: int

    @property
    def net(self) -> int:
        """What the payer paid after the rebate; negative if he got more back."""
        return self.computation + self.storage - self.rebate


@dataclass(frozen=True)
class Abort:
    """Why an executed transaction failed."""

    description: str
    module: str | None = None
    function: str | None = None
    code: int | None = None
    package: Address | None = None
    command: int | None = None


@dataclass(frozen=True)
class ExecutedTransaction:
    """A transaction with its outcome."""

    digest: Digest
    transaction: bytes
    signatures: tuple[bytes, ...]
    effects: TransactionEffects
    effects_bytes: bytes
    events_bytes: bytes
    abort: Abort | None
    gas: GasUsed
    events: tuple[LedgerEvent, ...] = ()
    checkpoint: int | None = None
    timestamp_ms: int | None = None

    @property
    def success(self) -> bool:
        """Whether the transaction did what it said."""
        return self.abort is None


@dataclass(frozen=True)
class Simulation:
    """What a transaction would do if it ran now."""

    abort: Abort | None
    gas: GasUsed
    events: tuple[LedgerEvent, ...] = ()
    returns: tuple[tuple[bytes, ...], ...] = field(default=())

    @property
    def success(self) -> bool:
        """Whether the transaction would succeed."""
        return self.abort is None


@dataclass(frozen=True)
class TransactionFrame:
    """One frame of a transaction listing; `end` and `exhausted` as in EventFrame."""

    transaction: ExecutedTransaction | None
    cursor: bytes | None
    end: bool = False
    exhausted: bool = False


@dataclass(frozen=True)
class FunctionSignature:
    """A Move function's parameters, as type texts with `&` and `&mut`."""

    is_entry: bool
    is_public: bool
    parameters: tuple[str, ...]


class Ledger(ABC):
    """A Sui node."""

    @abstractmethod
    async def service_info(self) -> ServiceInfo:
        """Which chain this is and how far it is."""

    @abstractmethod
    async def gas_price(self) -> int:
        """The reference gas price, in MIST a unit."""

    @abstractmethod
    async def get_objects(self, object_ids: Sequence[Address]) -> list[LedgerObject | None]:
        """The current versions of objects, None where there is none."""

    @abstractmethod
    async def owned_objects(self, owner: Address, type_text: str, *, limit: int = 50) -> list[LedgerObject]:
        """Objects of one type that an address owns."""

    @abstractmethod
    async def owned_coins(self, owner: Address, *, limit: int = 50) -> list[Coin]:
        """SUI coins that an address owns, largest first."""

    @abstractmethod
    async def function(self, package: Address, module: str, name: str) -> FunctionSignature:
        """The signature of a Move function.

        Raises:
            NotFoundError: the package has no such function.
        """

    @abstractmethod
    async def package_modules(self, package: Address) -> tuple[bytes, ...]:
        """The bytecode of a package's modules.

        Raises:
            NotFoundError: there is no such package.
        """

    @abstractmethod
    async def execute(self, transaction: bytes, signatures: Sequence[bytes]) -> ExecutedTransaction:
        """Execute a signed transaction; an aborted one is returned, not raised.

        Raises:
            TransactionRefusedError: the node refused it before execution.
            LedgerUnreachableError: it was never sent.
            OutcomeUnknownError: it was sent, and no outcome came back.
        """

    @abstractmethod
    async def simulate(self, transaction: bytes) -> Simulation:
        """Run a transaction without committing it; it names its own coins and budget.

        Raises:
            TransactionRefusedError: the node would refuse it before execution.
        """

    @abstractmethod
    async def get_transaction(self, digest: Digest) -> ExecutedTransaction:
        """A transaction by its digest.

        Raises:
            NotFoundError: the node does not know it (yet).
        """

    @abstractmethod
    def subscribe_events(self, types: Sequence[str]) -> AsyncIterator[EventFrame]:
        """Events of these types from now on; it starts at the tip and does not resume."""

    @abstractmethod
    def list_events(
        self,
        types: Sequence[str],
        *,
        after: bytes | None,
        limit: int,
        from_checkpoint: int | None = None,
        newest_first: bool = False,
    ) -> AsyncIterator[EventFrame]:
        """Past events of these types after a cursor, oldest first; the last frame has `end` set.

        Raises:
            CursorExpiredError: the node no longer holds what follows the cursor.
        """

    @abstractmethod
    def list_transactions(
        self, functions: Sequence[str], *, after: bytes | None, limit: int, newest_first: bool = False
    ) -> AsyncIterator[TransactionFrame]:
        """Past transactions that call one of these functions (`package::module::name`)."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connection."""

    async def get_object(self, object_id: Address) -> LedgerObject:
        """The current version of one object.

        Raises:
            NotFoundError: there is none.
        """
        found = (await self.get_objects([object_id]))[0]
        if found is None:
            raise NotFoundError(f"the ledger has no object {object_id}; it was deleted, or this is another chain")
        return found
