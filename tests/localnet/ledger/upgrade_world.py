"""A package in several versions, and the transactions that upgrade it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.digests import upgrade_digest
from sui.effects import Success
from sui.object import MoveObject
from sui.type_tag import MOVE_STDLIB, SUI_FRAMEWORK
from tests.localnet.vm.toolchain import build

from .conftest import CLOCK, World, published

if TYPE_CHECKING:
    from localnet.ledger import ExecutedTransaction, ObjectRecord
    from sui.keys import Ed25519Key
    from sui.types import Address

__all__ = ["CLOCK", "COMPATIBLE", "Line", "compile_sources", "edited"]

COMPATIBLE, ADDITIVE, DEPENDENCIES_ONLY = 0, 128, 192
FRAMEWORK = (MOVE_STDLIB, SUI_FRAMEWORK)
TOML = '[package]\nname = "pkg"\nedition = "2024"\n\n[addresses]\npkg = "0x0"\n'
VERSION_1 = """module pkg::pkg;

use std::type_name;
use sui::event;

public struct PKG has drop {}
public struct Counter has key { id: UID, n: u64 }
public struct Thing has key, store { id: UID, n: u64 }
public struct Pair<phantom T: copy> has copy, drop, store { a: u64, b: vector<u8> }
public struct Said has copy, drop { n: u64 }
public struct Started has copy, drop { version: u64 }
public enum Kind has copy, drop, store { One, Two { n: u64 } }

const WORDS: vector<u8> = b"first";

fun init(_: PKG, ctx: &mut TxContext) {
    transfer::share_object(Counter { id: object::new(ctx), n: 0 });
    event::emit(Started { version: version() });
}

public fun version(): u64 { 1 }

public fun bump(counter: &mut Counter) {
    counter.n = counter.n + version();
    event::emit(Said { n: counter.n });
}

public fun make(n: u64, ctx: &mut TxContext): Thing { Thing { id: object::new(ctx), n } }

public fun destroy(thing: Thing): u64 {
    let Thing { id, n } = thing;
    id.delete();
    n
}

public fun any<T: copy + drop>(_: T): u64 { 0 }

public fun kind(n: u64): Kind { if (n == 0) Kind::One else Kind::Two { n } }

public fun count(kind: Kind): u64 { match (kind) { Kind::One => 1, Kind::Two { n } => n } }

public fun pair<T: copy>(): Pair<T> { Pair { a: 0, b: WORDS } }

public fun names(): (std::ascii::String, std::ascii::String) {
    (type_name::with_defining_ids<Said>().into_string(), type_name::with_original_ids<Said>().into_string())
}

public fun fail() { abort 7 }

public fun divide(by: u64): u64 { 1 / by }

public(package) fun inside(): u64 { 5 }

entry fun secret(n: u64): u64 { n }

fun hidden(): u64 { inside() }

public fun use_hidden(): u64 { hidden() }
"""
VERSION_2 = (
    VERSION_1.replace("{ 1 }", "{ 2 }", 1)
    .replace("entry fun secret(n: u64): u64 { n }", "entry fun secret(n: u64, m: u64): u64 { n + m }")
    .replace("fun hidden(): u64 { inside() }", "fun hidden(more: u64): u64 { inside() + more }")
    .replace("{ hidden() }", "{ hidden(1) }")
    .replace("any<T: copy + drop>", "any<T: drop>")
    + """
public struct Late has copy, drop { n: u64 }
public struct LateThing has key, store { id: UID, n: u64 }

public fun late(n: u64) { event::emit(Late { n }) }

public fun make_late(n: u64, ctx: &mut TxContext): LateThing { LateThing { id: object::new(ctx), n } }

public fun late_names(): (std::ascii::String, std::ascii::String) {
    (type_name::with_defining_ids<Late>().into_string(), type_name::with_original_ids<Late>().into_string())
}
"""
)


def compile_sources(code: str, *more: str) -> tuple[bytes, ...]:
    """Compile modules of package `pkg`."""
    files = {f"sources/m{index}.move": text for index, text in enumerate((code, *more))}
    return tuple(build({"Move.toml": TOML, **files}))


def edited(old: str, new: str, code: str = VERSION_1) -> str:
    """The first version with one place changed."""
    assert old in code
    return code.replace(old, new, 1)


@dataclass
class Line:
    """The versions of one package, published by one account."""

    world: World
    who: Ed25519Key
    package: Address
    cap: ObjectRecord
    first: ExecutedTransaction

    @classmethod
    def start(cls, world: World, who: Ed25519Key, code: tuple[bytes, ...], dependencies=FRAMEWORK) -> Line:
        builder = ProgrammableBuilder()
        cap = builder.publish(code, dependencies)
        builder.transfer_objects([cap], builder.pure(bytes(who.address)))
        done = world.ok(who, builder)
        return cls(world, who, published(done), world.created(done, "UpgradeCap")[0], done)

    def authorized(self, builder: ProgrammableBuilder, policy: int, digest: bytes):
        """Add the call for a ticket; returns cap and ticket."""
        cap = builder.obj(self.world.owned(self.cap))
        given = [cap, builder.pure_value(bcs.U8, policy), builder.pure_value(bcs.BYTES, digest)]
        return cap, builder.move_call(SUI_FRAMEWORK, "package", "authorize_upgrade", given)

    def building(
        self, code: tuple[bytes, ...], *, policy: int = COMPATIBLE, dependencies=FRAMEWORK, digest=None, package=None
    ) -> ProgrammableBuilder:
        """A transaction that upgrades to `code`."""
        builder = ProgrammableBuilder()
        wanted = upgrade_digest(code, dependencies) if digest is None else digest
        cap, ticket = self.authorized(builder, policy, wanted)
        receipt = builder.upgrade(code, dependencies, package or self.package, ticket)
        builder.move_call(SUI_FRAMEWORK, "package", "commit_upgrade", [cap, receipt])
        return builder

    def upgrade(self, code: tuple[bytes, ...], **options) -> ExecutedTransaction:
        """Upgrade; `package` is the new version afterwards."""
        done = self.world.ok(self.who, self.building(code, **options))
        self.package = published(done)
        return done

    def refused(self, code: tuple[bytes, ...], **options):
        """The failure of an upgrade."""
        return self.world.failed(self.who, self.building(code, **options))

    def call(self, function: str, *arguments, package=None, types=()):
        """Call a function in a transaction of its own; returns it, executed. Arguments are functions of the builder."""
        builder = ProgrammableBuilder()
        given = [argument(builder) for argument in arguments]
        builder.move_call(package or self.package, "pkg", function, given, types)
        return self.world.submit(self.who, builder)

    def works(self, function: str, *arguments, **options) -> ExecutedTransaction:
        done = self.call(function, *arguments, **options)
        assert isinstance(done.effects.status, Success), done.effects.status
        return done

    def value(self, record: ObjectRecord) -> int:
        """The number in an object, after its id."""
        data = self.world.ledger.get_object(record.ref.object_id).object.data
        assert isinstance(data, MoveObject)
        return int.from_bytes(data.contents[32:40], "little")


def number(value: int):
    return lambda builder: builder.pure_value(bcs.U64, value)
