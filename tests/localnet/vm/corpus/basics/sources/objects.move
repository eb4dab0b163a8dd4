// Object ids, dynamic fields, collections, money and events, within one transaction.
module corpus::objects;

use sui::{bag, balance, coin, dynamic_field, dynamic_object_field, event, linked_table, object_table, table, vec_map, vec_set};

public struct Item has key, store { id: UID, value: u64, name: vector<u8> }

public struct Happened has copy, drop { n: u64, who: address, list: vector<u8> }

public struct Token has drop {}

public struct Keeper has key { id: UID, supply: balance::Supply<Token> }

public fun ids(ctx: &mut TxContext): vector<address> {
    let a = object::new(ctx);
    let b = object::new(ctx);
    let out = vector[a.to_address(), b.uid_to_address(), ctx.fresh_object_address(), ctx.sender()];
    a.delete();
    b.delete();
    out
}

public fun context(ctx: &mut TxContext): (address, vector<u8>, u64, u64, Option<address>) {
    (ctx.sender(), *ctx.digest(), ctx.epoch(), ctx.epoch_timestamp_ms(), ctx.sponsor())
}

public fun fields(n: u64, ctx: &mut TxContext): (u64, bool, bool, vector<u8>, u64) {
    let mut parent = object::new(ctx);
    dynamic_field::add(&mut parent, b"number", n);
    dynamic_field::add(&mut parent, 7u64, b"seven");
    dynamic_field::add(&mut parent, @0x7, vector[n, n]);
    *dynamic_field::borrow_mut<vector<u8>, u64>(&mut parent, b"number") = n * 2;
    dynamic_field::borrow_mut<address, vector<u64>>(&mut parent, @0x7).push_back(5);
    let there = dynamic_field::exists_(&parent, b"number");
    let typed = dynamic_field::exists_with_type<u64, u64>(&parent, 7);
    let number: u64 = dynamic_field::remove(&mut parent, b"number");
    let seven: vector<u8> = dynamic_field::remove(&mut parent, 7u64);
    let list: vector<u64> = dynamic_field::remove(&mut parent, @0x7);
    let gone = !dynamic_field::exists_(&parent, b"number");
    parent.delete();
    (number, there && gone, typed, seven, list.length())
}

public fun field_twice(ctx: &mut TxContext) {
    let mut parent = object::new(ctx);
    dynamic_field::add(&mut parent, 1u8, true);
    dynamic_field::add(&mut parent, 1u8, false);
    parent.delete();
}

public fun field_missing(ctx: &mut TxContext): bool {
    let parent = object::new(ctx);
    let value = *dynamic_field::borrow(&parent, 1u8);
    parent.delete();
    value
}

public fun field_type(ctx: &mut TxContext): u64 {
    let mut parent = object::new(ctx);
    dynamic_field::add(&mut parent, 1u8, true);
    let value = *dynamic_field::borrow(&parent, 1u8);
    parent.delete();
    value
}

public fun object_fields(ctx: &mut TxContext): (u64, bool, vector<u8>) {
    let mut parent = object::new(ctx);
    let item = Item { id: object::new(ctx), value: 5, name: b"item" };
    dynamic_object_field::add(&mut parent, b"k", item);
    dynamic_object_field::borrow_mut<vector<u8>, Item>(&mut parent, b"k").value = 6;
    let there = dynamic_object_field::exists_with_type<vector<u8>, Item>(&parent, b"k");
    let Item { id, value, name } = dynamic_object_field::remove(&mut parent, b"k");
    id.delete();
    parent.delete();
    (value, there, name)
}

public fun tables(n: u64, ctx: &mut TxContext): (u64, u64, bool, vector<u64>) {
    let mut t = table::new<u64, vector<u64>>(ctx);
    n.do!(|i| t.add(i, vector[i * i]));
    if (n > 2) t[2].push_back(1000);
    let size = t.length();
    let there = t.contains(n - 1);
    let mut out = vector[];
    n.do!(|i| { let v = t.remove(i); out.append(v); });
    t.destroy_empty();
    let mut o = object_table::new<u8, Item>(ctx);
    o.add(1, Item { id: object::new(ctx), value: n, name: b"" });
    let Item { id, value, .. } = o.remove(1);
    id.delete();
    o.destroy_empty();
    (size, value, there, out)
}

public fun not_empty(ctx: &mut TxContext) {
    let mut t = table::new<u8, u8>(ctx);
    t.add(1, 2);
    t.destroy_empty();
}

public fun bags(ctx: &mut TxContext): (u64, bool, vector<u8>) {
    let mut b = bag::new(ctx);
    b.add(1u8, b"one");
    b.add(b"two", 2u64);
    b.add(true, true);
    let n: u64 = b.remove(b"two");
    let flag: bool = b.remove(true);
    let one: vector<u8> = b.remove(1u8);
    b.destroy_empty();
    (n, flag, one)
}

public fun linked(ctx: &mut TxContext): (vector<u64>, u64) {
    let mut l = linked_table::new<u64, u64>(ctx);
    l.push_back(1, 10);
    l.push_back(2, 20);
    l.push_front(0, 5);
    let mut out = vector[];
    let mut key = *l.front();
    while (key.is_some()) {
        let k = key.destroy_some();
        out.push_back(l[k]);
        key = *l.next(k);
    };
    let length = l.length();
    l.drop();
    (out, length)
}

public fun maps(): (vector<u64>, vector<vector<u8>>, bool, vector<u8>) {
    let mut m = vec_map::empty();
    m.insert(3, b"three");
    m.insert(1, b"one");
    *m.get_mut(&3) = b"THREE";
    let has = m.contains(&1);
    let (_, v) = m.remove(&1);
    let (keys, values) = m.into_keys_values();
    let mut s = vec_set::singleton(1u8);
    s.insert(2);
    s.remove(&1);
    (keys, values, has && v == b"one", s.into_keys())
}

public fun map_twice(): u64 {
    let mut m = vec_map::empty();
    m.insert(1u64, 1u64);
    m.insert(1, 2);
    m.length()
}

public fun money(a: u64, b: u64, ctx: &mut TxContext): (u64, u64, u64) {
    let mut supply = balance::create_supply(Token {});
    let mut pot = supply.increase_supply(a);
    let part = pot.split(b);
    let mut c = coin::from_balance(part, ctx);
    let d = c.split(b / 2, ctx);
    let half = d.value();
    c.join(d);
    let whole = c.value();
    pot.join(c.into_balance());
    let burnt = supply.decrease_supply(pot);
    transfer::transfer(Keeper { id: object::new(ctx), supply }, @0x0);
    (half, whole, burnt)
}

public fun emits(n: u64, ctx: &mut TxContext) {
    n.do!(|i| event::emit(Happened { n: i, who: ctx.sender(), list: vector[i as u8] }));
}

public fun sends(ctx: &mut TxContext): address {
    let item = Item { id: object::new(ctx), value: 1, name: b"sent" };
    let at = object::id_address(&item);
    transfer::public_transfer(item, @0xB0B);
    transfer::public_share_object(Item { id: object::new(ctx), value: 2, name: b"shared" });
    transfer::public_freeze_object(Item { id: object::new(ctx), value: 3, name: b"frozen" });
    at
}
