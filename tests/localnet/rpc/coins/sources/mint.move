/// What the server's tests show: a currency, an enum, a generic type, dynamic object fields.
module coins::mint;

use sui::coin;
use sui::dynamic_object_field;
use sui::event;

public struct MINT has drop {}

public enum Shape has copy, drop, store { Dot, Circle { radius: u64 }, Pair(u8, address) }

public struct Pocket<phantom T> has key { id: UID, shapes: vector<Shape>, note: Option<u64> }

public struct Drawn has copy, drop { shape: Shape }

fun init(witness: MINT, ctx: &mut TxContext) {
    let (treasury, metadata) = coin::create_currency(
        witness, 3, b"MNT", b"Mint", b"For tests", option::none(), ctx,
    );
    transfer::public_freeze_object(metadata);
    transfer::public_transfer(treasury, ctx.sender());
}

entry fun draw(radius: u64, by: address) {
    event::emit(Drawn { shape: Shape::Circle { radius } });
    event::emit(Drawn { shape: Shape::Pair(7, by) });
    event::emit(Drawn { shape: Shape::Dot });
}

public fun pocket<T>(ctx: &mut TxContext) {
    transfer::share_object(Pocket<T> { id: object::new(ctx), shapes: vector[Shape::Dot], note: option::some(5) });
}

public fun put<T, C: key + store>(pocket: &mut Pocket<T>, key: u64, child: C) {
    dynamic_object_field::add(&mut pocket.id, key, child);
}

public(package) fun hidden(): u64 { 1 }
