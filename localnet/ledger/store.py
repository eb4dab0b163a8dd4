"""The ledger's memory: one SQLite file in WAL mode, or none.

Rules:
    * what was written before `commit` returned survives a kill -9 of the process (WAL, synchronous = NORMAL);
    * one process at a time has the file: a second one is refused;
    * every version of every object stays; `live` indexes the newest ones that exist;
    * a transaction's place (`idx`) is its number in the order of the ledger, from 0 without gaps; its checkpoint
      follows from the ranges in `checkpoints`.

What it does not do: decide anything; everything that it is given is taken as true.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from localnet.ledger.errors import StateError
from localnet.ledger.records import ObjectRecord
from sui.digests import object_digest
from sui.object import OBJECT, CoinType, GasCoinType, MoveObject
from sui.types import (
    Address,
    AddressOwner,
    ConsensusAddressOwner,
    Digest,
    ImmutableOwner,
    ObjectOwner,
    ObjectRef,
    Owner,
    SharedOwner,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FORMAT = "1"
_LOCK_TIMEOUT_S = 1.0
_MAX_INTEGER = (1 << 63) - 1
_MAX_U64 = (1 << 64) - 1
_PACKAGE_TYPE = "package"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
    id BLOB NOT NULL, version INTEGER NOT NULL, bcs BLOB, PRIMARY KEY (id, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS live (
    id BLOB PRIMARY KEY, version INTEGER NOT NULL, owner_kind INTEGER NOT NULL, owner BLOB NOT NULL,
    type TEXT NOT NULL, rank BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS live_owner ON live (owner_kind, owner, type, rank, id);
CREATE INDEX IF NOT EXISTS live_type ON live (type);
CREATE TABLE IF NOT EXISTS packages (
    id BLOB PRIMARY KEY, original BLOB NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS packages_original ON packages (original, version);
CREATE TABLE IF NOT EXISTS transactions (
    idx INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, data BLOB NOT NULL, signatures BLOB NOT NULL,
    effects BLOB NOT NULL, events BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS checkpoints (
    seq INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, first INTEGER NOT NULL, timestamp INTEGER NOT NULL,
    summary BLOB NOT NULL, contents BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS checkpoints_first ON checkpoints (first, seq);
CREATE TABLE IF NOT EXISTS events (
    idx INTEGER NOT NULL, place INTEGER NOT NULL, type TEXT NOT NULL, package BLOB NOT NULL, module TEXT NOT NULL,
    sender BLOB NOT NULL, PRIMARY KEY (idx, place)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_type ON events (type, idx, place);
CREATE INDEX IF NOT EXISTS events_module ON events (package, module, idx, place);
CREATE INDEX IF NOT EXISTS events_sender ON events (sender, idx, place);
"""

ADDRESS_OWNED, OBJECT_OWNED, SHARED, IMMUTABLE = range(4)
LiveRow = tuple[bytes, int, int, bytes, str, bytes]
"""Id, version, kind of owner, owner, type, rank: a row of `live`."""


def owner_key(owner: Owner) -> tuple[int, bytes]:
    """Return how an owner is indexed."""
    match owner:
        case AddressOwner(address):
            return ADDRESS_OWNED, bytes(address)
        case ConsensusAddressOwner(_, address):
            return ADDRESS_OWNED, bytes(address)
        case ObjectOwner(parent):
            return OBJECT_OWNED, bytes(parent)
        case SharedOwner():
            return SHARED, b""
        case ImmutableOwner():
            return IMMUTABLE, b""


def coin_value(data: MoveObject) -> int | None:
    """Return the balance of a coin, None for any other object."""
    if isinstance(data.type, GasCoinType | CoinType):
        return int.from_bytes(data.contents[32:40], "little")
    return None


def record_of(bcs: bytes) -> ObjectRecord:
    """Return the record of an object from its BCS."""
    value = OBJECT.decode(bcs)
    return ObjectRecord(ObjectRef(value.object_id, value.version, object_digest(bcs)), value, bcs)


def type_text(record: ObjectRecord) -> str:
    """Return the type under which an object is indexed."""
    data = record.object.data
    return str(data.tag) if isinstance(data, MoveObject) else _PACKAGE_TYPE


def _live_row(record: ObjectRecord) -> LiveRow:
    kind, owner = owner_key(record.object.owner)
    data = record.object.data
    balance = coin_value(data) if isinstance(data, MoveObject) else None
    rank = b"" if balance is None else (_MAX_U64 - balance).to_bytes(8, "big")
    return bytes(record.ref.object_id), record.ref.version, kind, owner, type_text(record), rank


class Store:
    """The open file. One writer, one thread."""

    def __init__(self, state_dir: Path | str, *, cached_objects: int = 2_048) -> None:
        """Open or create the state.

        Raises:
            StateError: the file cannot be opened, or another version of this program wrote it.
        """
        try:
            path = ":memory:"
            if str(state_dir) != ":memory:":
                folder = Path(state_dir)
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                path = str(folder / "ledger.sqlite")
            self._db = sqlite3.connect(path, timeout=_LOCK_TIMEOUT_S, isolation_level=None, cached_statements=256)
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("PRAGMA temp_store=MEMORY")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StateError(
                f"the state in {state_dir} cannot be opened ({error}): choose another folder, or end whoever uses it"
            ) from error
        self._cache: OrderedDict[bytes, ObjectRecord | None] = OrderedDict()
        self._cached_objects = cached_objects
        self._open = False
        found = self.meta("format")
        if found is None:
            self.set_meta("format", FORMAT)
        elif found != FORMAT:
            raise StateError(
                f"the state in {state_dir} has format {found}, this program reads {FORMAT}: start a new one"
            )

    @property
    def db(self) -> sqlite3.Connection:
        """The connection, for the listings that `localnet.ledger.listing` makes."""
        return self._db

    # --- writing

    def begin(self) -> None:
        """Start collecting writes."""
        if not self._open:
            self._db.execute("BEGIN IMMEDIATE")
            self._open = True

    def commit(self) -> None:
        """Make everything since `begin` durable."""
        if self._open:
            self._db.execute("COMMIT")
            self._open = False

    def rollback(self) -> None:
        """Forget everything since `begin`."""
        if self._open:
            self._db.execute("ROLLBACK")
            self._open = False
            self._cache.clear()

    def meta(self, key: str) -> str | None:
        """Return a setting."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Write a setting."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def write_objects(self, written: Sequence[ObjectRecord], removed: Iterable[tuple[Address, int]]) -> None:
        """Write new versions of objects, and note ids that no longer exist as of a version."""
        db = self._db
        db.executemany(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?)",
            [(record.ref.object_id, record.ref.version, record.bcs) for record in written],
        )
        db.executemany("INSERT OR REPLACE INTO live VALUES (?, ?, ?, ?, ?, ?)", [_live_row(r) for r in written])
        for record in written:
            self._remember(record.ref.object_id, record)
        for object_id, version in removed:
            db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, NULL)", (object_id, version))
            db.execute("DELETE FROM live WHERE id = ?", (object_id,))
            self._remember(object_id, None)

    def write_package(self, storage_id: Address, original_id: Address, version: int) -> None:
        """Index a version of a package."""
        self._db.execute("INSERT OR REPLACE INTO packages VALUES (?, ?, ?)", (storage_id, original_id, version))

    def write_transaction(
        self,
        index: int,
        digest: Digest,
        blobs: tuple[bytes, bytes, bytes, bytes],
        events: Sequence[tuple[str, bytes, str, bytes]],
    ) -> None:
        """Append a transaction: its data, signatures, effects and events, and an index row for each event."""
        self._db.execute("INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?)", (index, digest, *blobs))
        if events:
            self._db.executemany(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)",
                [(index, place, *row) for place, row in enumerate(events)],
            )

    def write_checkpoint(
        self, number: int, digest: Digest, first: int, timestamp_ms: int, blobs: tuple[bytes, bytes]
    ) -> None:
        """Append a checkpoint (summary and contents) that begins with transaction `first`."""
        self._db.execute(
            "INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?, ?)", (number, digest, first, timestamp_ms, *blobs)
        )

    # --- objects

    def _remember(self, object_id: bytes, record: ObjectRecord | None) -> None:
        cache = self._cache
        cache[object_id] = record
        cache.move_to_end(object_id)
        if len(cache) > self._cached_objects:
            cache.popitem(last=False)

    def latest(self, object_id: Address) -> ObjectRecord | None:
        """Return the newest version of an object that exists."""
        cache = self._cache
        if object_id in cache:
            cache.move_to_end(object_id)
            return cache[object_id]
        row = self._db.execute(
            "SELECT bcs FROM objects JOIN live USING (id, version) WHERE live.id = ?", (object_id,)
        ).fetchone()
        record = None if row is None else record_of(row[0])
        self._remember(bytes(object_id), record)
        return record

    def at_version(self, object_id: Address, version: int) -> ObjectRecord | None:
        """Return one version of an object, None where it was not written at that version."""
        known = self._cache.get(object_id)
        if known is not None and known.ref.version == version:
            return known
        if version > _MAX_INTEGER:
            return None
        row = self._db.execute("SELECT bcs FROM objects WHERE id = ? AND version = ?", (object_id, version)).fetchone()
        return None if row is None or row[0] is None else record_of(row[0])

    def removed_at(self, object_id: Address) -> int | None:
        """Return the version at which an id ceased to exist, None if it exists or never did."""
        row = self._db.execute(
            "SELECT version, bcs IS NULL FROM objects WHERE id = ? ORDER BY version DESC LIMIT 1", (object_id,)
        ).fetchone()
        return int(row[0]) if row is not None and row[1] else None

    def last_version(self, object_id: Address) -> ObjectRecord | None:
        """Return the newest version that an object ever had, though it may be gone."""
        row = self._db.execute(
            "SELECT bcs FROM objects WHERE id = ? AND bcs IS NOT NULL ORDER BY version DESC LIMIT 1", (object_id,)
        ).fetchone()
        return None if row is None else record_of(row[0])

    def package_versions(self, package_id: Address) -> list[tuple[Address, int]]:
        """Return storage id and version of every version of the package that any of its ids names."""
        rows = self._db.execute(
            "SELECT id, version FROM packages WHERE original = (SELECT original FROM packages WHERE id = ?)"
            " ORDER BY version",
            (package_id,),
        )
        return [(Address(row[0]), int(row[1])) for row in rows]

    def close(self) -> None:
        """Commit and close."""
        self.commit()
        self._db.close()
