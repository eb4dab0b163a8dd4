/// What the tests of Sui's rule on private `entry` arguments call.
module entries::entries;

use sui::clock::Clock;

/// Neither `drop` nor `store`: hot.
public struct Hot { number: u64 }

/// An object without `store` is hot until it has an owner.
public struct Badge has key { id: UID }

/// Hot, but it may be copied: its last use by value takes it.
public struct Stamp has copy { number: u64 }

/// With `drop`: never hot.
public struct Note has drop { number: u64 }

public struct Box has key, store { id: UID }

/// Shared.
public struct Room has key { id: UID }

public fun hot(): Hot { Hot { number: 1 } }

public fun hot_of(_: &mut Box): Hot { Hot { number: 2 } }

public fun hot_number(_: u64): Hot { Hot { number: 3 } }

public fun touch(_: &Hot, _: &mut Box) {}

public fun cool(hot: Hot): u64 {
    let Hot { number } = hot;
    number
}

public fun badge(ctx: &mut TxContext): Badge { Badge { id: object::new(ctx) } }

public fun keep(badge: Badge, ctx: &TxContext) { transfer::transfer(badge, ctx.sender()) }

public fun stamp(): Stamp { Stamp { number: 4 } }

public fun read(_: &Stamp): u64 { 0 }

public fun unstamp(stamp: Stamp): u64 {
    let Stamp { number } = stamp;
    number
}

public fun note(): Note { Note { number: 5 } }

public fun note_of(note: Note): u64 { note.number }

public fun boxed(ctx: &mut TxContext): Box { Box { id: object::new(ctx) } }

public fun open_room(ctx: &mut TxContext) { transfer::share_object(Room { id: object::new(ctx) }) }

public fun close_room(room: Room, _: &Clock) {
    let Room { id } = room;
    id.delete();
}

public fun fail() { abort 3 }

public fun now(clock: &Clock): u64 { clock.timestamp_ms() }

entry fun private_hot(hot: Hot) { hot.cool(); }

entry fun private_badge(badge: Badge, ctx: &TxContext) { badge.keep(ctx) }

entry fun private_badge_seen(_: &Badge) {}

entry fun private_stamp(stamp: Stamp) { stamp.unstamp(); }

entry fun private_note(note: Note) { note.note_of(); }

entry fun private_box(_: &mut Box) {}

entry fun private_number(_: u64) {}

entry fun private_two(_: address, _: u64) {}

entry fun private_now(clock: &Clock): u64 { clock.timestamp_ms() }

entry fun private_close(room: Room, clock: &Clock) { room.close_room(clock) }

public(package) entry fun private_close_all(mut rooms: vector<Room>, clock: &Clock) {
    while (!rooms.is_empty()) rooms.pop_back().close_room(clock);
    rooms.destroy_empty();
}

entry fun private_hot_all(mut all: vector<Hot>) {
    while (!all.is_empty()) { all.pop_back().cool(); };
    all.destroy_empty();
}
