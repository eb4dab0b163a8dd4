"""Runs a transaction in Sui's own Move VM, by the Python package `sui-sandbox`, to check the embedded ledger by it.

The package replays one transaction offline from a state file. What it gives is success or the error, how many objects
were created and how many events there were (deleted shared objects it does not tell), and a gas figure of its own make:

* per object that goes in, 15 units a byte for each call, and a thousandth of that once more;
* per MakeMoveVec, 500 units and 10 a byte: nothing like it is charged by Sui;
* per call, its computation in the old buckets (1,000 / 5,000 / 10,000 / ...), with natives by the byte, but values on
  the stack by their number, not their size: a lower bound.

So a bucket is told only where taking the first two away leaves one exactly. Several natives of 0x2 are stand-ins there.
Signature checks fail whatever is given, so they are left out: `ed25519_verify` is made true there.
What needs attestation documents, BLAKE2b or the publishing of packages is not comparable, and says so.
"""

from __future__ import annotations

import base64
import importlib
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sui.effects import IdCreated, Success
from sui.object import MoveObject, MovePackage
from sui.transaction import (
    ImmOrOwned,
    Input,
    MakeMoveVec,
    MoveCall,
    ProgrammableTransaction,
    Publish,
    Pure,
    Receiving,
    Result,
    Shared,
    SplitCoins,
    Upgrade,
)
from sui.transaction import Object as ObjectInput
from sui.types import Address, SharedOwner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localnet.ledger import ExecutedTransaction, Ledger
    from sui.transaction import Argument, TransactionData

PROTOCOL_VERSION = 109
READ_UNITS_A_BYTE = 15
VECTOR_UNITS = 500
VECTOR_UNITS_A_BYTE = 10
CONSTANTS_TABLE = 0x6
IDENTIFIERS_TABLE = 0x7
FUNCTIONS_TABLE = 0xC
BUCKETS = (1_000, 5_000, 10_000, 20_000, 50_000, 200_000, 1_000_000, 5_000_000)

_FRAMEWORK = tuple(map(Address.parse, ("0x1", "0x2")))
_STAND_INS = {
    "INTERNAL_TYPE_ERROR": "a native of 0x2 is a stand-in there",
    "MISSING_DEPENDENCY": "a native of 0x2 is a stand-in there",
    "All elements must have the same type": "its MakeMoveVec takes only values of one length",
}
_NATIVE_FLAG = 0x2
_CODE_TRUE = bytes([0x08, 0x02])
_JUMP_TABLES_SINCE = 7
_CLOCK = Address.parse("0x6")
# The VM knows this module's native by another name, and cannot load what leads to the module as it is.
_RENAMED = ("nitro_attestation", b"load_nitro_attestation_internal", b"verify_nitro_attestation")
_ALWAYS_TRUE = "ed25519"


@dataclass(frozen=True)
class VmRun:
    """What the VM said of one transaction.

    Attributes:
        error: why it failed; empty where it succeeded.
        created: how many objects it made; None where coins that were made and used up count, too.
        events: how many events there were.
        bucket: the bucket of its computation, where it can be told.
        left_out: why it was not run at all.
    """

    error: str
    created: int | None = 0
    events: int = 0
    bucket: int | None = None
    left_out: str = ""


class RealVm:
    """The installed package."""

    def __init__(self, replay: Any) -> None:
        """Use the package's `replay`; see `find`."""
        self._replay = replay

    @classmethod
    def find(cls) -> RealVm | None:
        """The package where it is installed."""
        try:
            return cls(importlib.import_module("sui_sandbox").replay)
        except ImportError:
            return None

    def run(self, ledger: Ledger, data: TransactionData, encoded: bytes, now_ms: int) -> VmRun:
        """Run a transaction on the ledger's objects as they are now, before the ledger executes it."""
        block = data.kind
        if not isinstance(block, ProgrammableTransaction):
            return VmRun("", left_out="it is no programmable transaction")
        if any(isinstance(each, MoveCall) and each.module == _RENAMED[0] for each in block.commands):
            return VmRun("", left_out="attestation documents cannot be loaded there")
        if any(isinstance(each, Publish | Upgrade) for each in block.commands):
            return VmRun("", left_out="it publishes nothing and makes no receipt")
        state = {
            "transaction": {"digest": "none", "raw_bcs": _text(encoded), "timestamp_ms": now_ms},
            "objects": dict(_objects(ledger, data, block, now_ms)),
            "packages": dict(_packages(ledger, block)),
            "epoch": ledger.epoch_info().epoch,
            "protocol_version": PROTOCOL_VERSION,
        }
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "state.json"
            file.write_text(json.dumps(state))
            output = self._replay(state_file=str(file))
        effects = output.get("effects") or {}
        if not output.get("local_success"):
            return VmRun(_short(output.get("local_error") or "no reason given"))
        return VmRun(
            error="",
            created=None if any(isinstance(each, SplitCoins) for each in block.commands) else len(effects["created"]),
            events=effects["events_count"],
            bucket=_bucket(ledger, block, effects["gas_used"]),
        )


def verdict(run: VmRun, done: ExecutedTransaction, units: int) -> str:
    """Hold the VM's words against what the ledger did, in one line.

    Args:
        run: what the VM said.
        done: what the ledger did.
        units: the ledger's units of computation.
    """
    reason = run.left_out or next((why for word, why in _STAND_INS.items() if word in run.error), "")
    if reason:
        return f"not comparable: {reason}" + (f" ({run.error})" if run.error else "")
    succeeded = isinstance(done.effects.status, Success)
    if bool(run.error) == succeeded:
        return f"DISAGREES: {run.error or 'success'}, the ledger {'succeeded' if succeeded else 'failed'}"
    if run.error:
        return f"fails too: {run.error}"
    changes = done.effects.changed_objects
    created = sum(isinstance(each.id_operation, IdCreated) for each in changes)
    if run.created not in {None, created}:
        return f"DISAGREES: success, but it made {run.created} objects, the ledger {created}"
    if run.events != len(done.events):
        return f"DISAGREES: success, but {run.events} events, the ledger's are {len(done.events)}"
    if run.bucket is None:
        return "success, gas not comparable: it charges coins and written objects its own way"
    if units > run.bucket:
        return f"success, bucket {run.bucket:,}, a lower bound: it does not count the sizes of values"
    below = max(each for each in (0, *BUCKETS) if each < run.bucket)
    return f"{'success' if units > below else 'success, but gas DISAGREES'}, bucket {run.bucket:,}"


def _objects(
    ledger: Ledger, data: TransactionData, block: ProgrammableTransaction, now_ms: int
) -> Iterator[tuple[str, Any]]:
    given = [_object_id(each) for each in block.inputs if isinstance(each, ObjectInput)]
    waiting = [*given, *(ref.object_id for ref in data.gas_data.payment)]
    seen = set()
    while waiting:
        object_id = waiting.pop()
        record = ledger.get_object(object_id)
        if object_id in seen or record is None or not isinstance(record.object.data, MoveObject):
            continue
        seen.add(object_id)
        waiting += [each.object.data.object_id for each in ledger.list_dynamic_fields(object_id).items]
        value = record.object.data
        # The clock stands still between transactions; here it goes on as the ledger lets it.
        contents = value.contents[:32] + now_ms.to_bytes(8, "little") if object_id == _CLOCK else value.contents
        shared = isinstance(record.object.owner, SharedOwner)
        yield (
            str(object_id),
            {
                "object_id": str(object_id),
                "version": value.version,
                "type_tag": str(value.tag),
                "bcs_base64": _text(contents),
                "owner_type": "Shared" if shared else "AddressOwner",
            },
        )


def _object_id(given: ObjectInput) -> Address:
    match given.arg:
        case Shared(object_id=object_id):
            return object_id
        case ImmOrOwned(ref=ref) | Receiving(ref=ref):
            return ref.object_id


def _packages(ledger: Ledger, block: ProgrammableTransaction) -> Iterator[tuple[str, Any]]:
    called = {each.package for each in block.commands if isinstance(each, MoveCall)}
    for package_id in {*_FRAMEWORK, *called}:
        record = ledger.get_object(package_id)
        if record is None or not isinstance(record.object.data, MovePackage):
            continue
        package = record.object.data
        modules = [
            {"name": name, "bytecode": _text(_loadable(name, code) if package_id in _FRAMEWORK else code)}
            for name, code in package.module_map.items()
        ]
        yield str(package_id), {"address": str(package_id), "version": package.version, "modules": modules}


def _bucket(ledger: Ledger, block: ProgrammableTransaction, gas_used: int) -> int | None:
    """The bucket of the only call, or None where the figure holds something else too."""
    lengths: dict[Argument, int | None] = {}
    objects = []
    for at, given in enumerate(block.inputs):
        if isinstance(given, Pure):
            lengths[Input(at)] = len(given.value)
        else:
            record = ledger.get_object(_object_id(given))
            if record is not None and isinstance(record.object.data, MoveObject):
                objects.append(len(record.object.data.contents))
                lengths[Input(at)] = objects[-1]
    left = gas_used - sum(READ_UNITS_A_BYTE * size // 1_000 for size in objects)
    calls = 0
    for at, command in enumerate(block.commands):
        match command:
            case MoveCall():
                calls += 1
                left -= READ_UNITS_A_BYTE * sum(objects)
            case MakeMoveVec(elements=elements):
                parts = [lengths.get(each) for each in elements]
                length = _uleb_length(len(parts)) + sum(part or 0 for part in parts)
                lengths[Result(at)] = length
                left -= VECTOR_UNITS + VECTOR_UNITS_A_BYTE * length
            case _:
                return None
    return left if calls == 1 and left in BUCKETS else None


def _uleb_length(value: int) -> int:
    return max(1, -(-value.bit_length() // 7))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _short(error: str) -> str:
    status = re.search(r"major_status: (\w+)", error)
    inner = re.search(r"Error: VMError \{ major_status: (\w+)", error)
    place = re.search(r'location: Module\(ModuleId \{ address: \w*, name: Identifier\("(\w+)"\)', error)
    words = [match[1] for match in (status, inner) if match]
    if not words:
        return error.splitlines()[0][:120]
    return " ".join(words) + (f" in {place[1]}" if place else "")


def _loadable(name: str, code: bytes) -> bytes:
    module, old, new = _RENAMED
    if name == module:
        return edited(code, IDENTIFIERS_TABLE, lambda table: table.replace(_prefixed(old), _prefixed(new)))
    if name == _ALWAYS_TRUE:
        jump_tables = bytes(int.from_bytes(code[4:8], "little") & 0xFF >= _JUMP_TABLES_SINCE)
        return edited(code, FUNCTIONS_TABLE, lambda table: _first_true(table) + jump_tables)
    return code


def _first_true(table: bytes) -> bytes:
    """The only function of a module, a native one, as code that returns true."""
    handle, at = _read_uleb(table, 0)
    visibility, flags = table[at], table[at + 1]
    # No acquired types; the locals are of any known signature, none is used.
    return _uleb(handle) + bytes([visibility, flags & ~_NATIVE_FLAG, 0, 0]) + _prefixed(_CODE_TRUE)


def edited(module: bytes, kind: int, edit: Callable[[bytes], bytes]) -> bytes:
    """Give a compiled module with one table of it edited.

    Args:
        module: its bytes.
        kind: which table.
        edit: gives the table's new bytes.
    """
    count, at = _read_uleb(module, 8)
    tables = []
    for _ in range(count):
        each = module[at]
        offset, at = _read_uleb(module, at + 1)
        length, at = _read_uleb(module, at)
        tables.append((offset, length, each))
    header, body = b"", b""
    for offset, length, each in sorted(tables):
        content = module[at + offset : at + offset + length]
        if each == kind:
            content = edit(content)
        header += bytes([each]) + _uleb(len(body)) + _uleb(len(content))
        body += content
    end = at + max(offset + length for offset, length, _ in tables)
    return module[:8] + _uleb(count) + header + body + module[end:]


def _prefixed(name: bytes) -> bytes:
    return _uleb(len(name)) + name


def _uleb(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _read_uleb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
