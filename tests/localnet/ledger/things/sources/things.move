/// What the ledger's tests call: one function for each thing that a transaction can do to objects.
module things::things;

use std::string::String;
use sui::clock::Clock;
use sui::dynamic_field;
use sui::event;
use sui::nitro_attestation::NitroAttestationDocument;
use sui::transfer::Receiving;

const EWanted: u64 = 7;

public struct THINGS has drop {}

public struct Thing has key, store { id: UID, bytes: vector<u8> }

public struct Badge has key { id: UID, number: u64 }

public struct Registry has key { id: UID, count: u64, seen_ms: u64 }

public struct Crate has key, store { id: UID, inside: Thing }

public struct Hot { number: u64 }

public struct Made has copy, drop { id: ID, length: u64 }

public struct Started has copy, drop { by: address }

fun init(_: THINGS, ctx: &mut TxContext) {
    event::emit(Started { by: ctx.sender() });
    transfer::share_object(Registry { id: object::new(ctx), count: 0, seen_ms: 0 });
    transfer::transfer(Badge { id: object::new(ctx), number: 1 }, ctx.sender());
}

public fun make(bytes: vector<u8>, ctx: &mut TxContext): Thing {
    let thing = Thing { id: object::new(ctx), bytes };
    event::emit(Made { id: object::id(&thing), length: thing.bytes.length() });
    thing
}

public fun set(thing: &mut Thing, bytes: vector<u8>) { thing.bytes = bytes; }

public fun length(thing: &Thing): u64 { thing.bytes.length() }

public fun destroy(thing: Thing) {
    let Thing { id, bytes: _ } = thing;
    id.delete();
}

public fun destroy_all(mut things: vector<Thing>) {
    while (!things.is_empty()) things.pop_back().destroy();
    things.destroy_empty();
}

public fun freeze_it(thing: Thing) { transfer::public_freeze_object(thing); }

public fun share_it(thing: Thing) { transfer::public_share_object(thing); }

public fun pack(thing: Thing, ctx: &mut TxContext): Crate { Crate { id: object::new(ctx), inside: thing } }

public fun unpack(crate: Crate): Thing {
    let Crate { id, inside } = crate;
    id.delete();
    inside
}

public fun crush(crate: Crate) { crate.unpack().destroy() }

public fun new_registry(ctx: &mut TxContext) {
    transfer::share_object(Registry { id: object::new(ctx), count: 0, seen_ms: 0 });
}

public fun count(registry: &mut Registry, clock: &Clock) {
    registry.count = registry.count + 1;
    registry.seen_ms = clock.timestamp_ms();
}

public fun counted(registry: &Registry): u64 { registry.count }

public fun close(registry: Registry) {
    let Registry { id, count: _, seen_ms: _ } = registry;
    id.delete();
}

public fun swallow(registry: Registry, ctx: &TxContext) { transfer::transfer(registry, ctx.sender()); }

public fun add_field(registry: &mut Registry, key: u64, value: vector<u8>) {
    dynamic_field::add(&mut registry.id, key, value);
}

public fun change_field(registry: &mut Registry, key: u64, value: vector<u8>) {
    *dynamic_field::borrow_mut(&mut registry.id, key) = value;
}

public fun remove_field(registry: &mut Registry, key: u64): vector<u8> {
    dynamic_field::remove(&mut registry.id, key)
}

public fun receive(parent: &mut Thing, thing: Receiving<Thing>): Thing {
    transfer::public_receive(&mut parent.id, thing)
}

public fun fail(code: u64) { abort code }

public fun require(ok: bool) { assert!(ok, EWanted); }

public fun divide(a: u64, b: u64): u64 { a / b }

public fun spin(rounds: u64): u64 {
    let mut i = 0;
    let mut sum = 0;
    while (i < rounds) {
        sum = (sum + i * 3) % 1_000_003;
        i = i + 1;
    };
    sum
}

public fun hot(): Hot { Hot { number: 1 } }

public fun cool(hot: Hot): u64 {
    let Hot { number } = hot;
    number
}

public fun text(text: String): u64 { text.length() }

public fun maybe(value: Option<u64>): u64 { value.destroy_or!(0) }

public fun ids(ids: vector<ID>): u64 { ids.length() }

public fun bump(value: &mut u64) { *value = *value + 1; }

public fun borrowed(thing: &Thing): &vector<u8> { &thing.bytes }

/// The indexes of the PCRs that a document shows, then its public key.
public fun attested(document: NitroAttestationDocument): vector<u8> {
    let mut seen = vector[];
    document.pcrs().do_ref!(|pcr| seen.push_back(pcr.index()));
    seen.append(*document.public_key().borrow());
    seen
}

public fun badge_number(badge: &Badge): u64 { badge.number }

public fun generic<T: key + store>(thing: T, to: address) { transfer::public_transfer(thing, to) }

public fun large(size: u64, ctx: &mut TxContext): Thing {
    let mut bytes = vector[0u8];
    while (bytes.length() < size) { let copied = bytes; bytes.append(copied); };
    Thing { id: object::new(ctx), bytes }
}

public(package) fun package_only() {}

entry fun private_entry(value: u64): u64 { value }

#[allow(unused_function)]
fun hidden() {}
