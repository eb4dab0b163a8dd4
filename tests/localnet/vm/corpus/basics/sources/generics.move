// Type arguments: of functions, structs, phantom ones, nested, abilities that depend on them.
module corpus::generics;

use std::type_name;

public struct Box<T> has copy, drop, store { value: T }

public struct Pair<A, B> has copy, drop, store { first: A, second: B }

public struct Marked<phantom M> has copy, drop, store { amount: u64 }

public struct Red has drop {}

public struct Blue has drop {}

public fun id<T>(value: T): T { value }

public fun wrap<T>(value: T): Box<T> { Box { value } }

public fun unwrap<T>(box: Box<T>): T { let Box { value } = box; value }

public fun flip<A, B>(pair: Pair<A, B>): Pair<B, A> {
    let Pair { first, second } = pair;
    Pair { first: second, second: first }
}

public fun nested(n: u64): Pair<Box<u64>, Pair<vector<u8>, Box<Box<bool>>>> {
    flip(Pair { first: Pair { first: b"in", second: wrap(wrap(n > 3)) }, second: wrap(n) })
}

public fun swap_in<T: drop>(box: &mut Box<T>, value: T) { box.value = value; }

public fun borrow<T>(box: &Box<T>): &T { &box.value }

public fun borrow_mut<T>(box: &mut Box<T>): &mut T { &mut box.value }

public fun through_references(n: u64): (Box<u64>, Box<vector<u64>>, u64) {
    let mut a = wrap(n);
    let mut b = wrap(vector[n, n + 1]);
    *a.borrow_mut() = *a.borrow() + 5;
    b.borrow_mut().push_back(*a.borrow());
    let third = b.borrow()[2];
    b.swap_in(vector[third, 7]);
    let last = b.borrow()[0];
    (a, b, last)
}

public fun count<T: copy + drop + store>(value: T, times: u64): vector<T> {
    let mut out = vector[];
    let mut i = 0;
    while (i < times) {
        out.push_back(value);
        i = i + 1;
    };
    out
}

public fun counted(): (vector<Box<u8>>, vector<vector<bool>>, vector<address>) {
    (count(wrap(3), 2), count(vector[true, false], 3), count(@0x42, 1))
}

public fun mix(): (Marked<Red>, Marked<Blue>) {
    (Marked { amount: 1 }, Marked { amount: 2 })
}

public fun names(): (std::ascii::String, std::ascii::String, std::ascii::String, std::ascii::String) {
    (
        type_name::with_defining_ids<u64>().into_string(),
        type_name::with_defining_ids<vector<address>>().into_string(),
        type_name::with_original_ids<Option<bool>>().into_string(),
        type_name::with_defining_ids<sui::coin::Coin<sui::sui::SUI>>().into_string(),
    )
}

public fun options(n: u64): (Option<u64>, Option<u64>, u64, bool) {
    let a = if (n > 5) option::some(n) else option::none();
    let b = a.map!(|x| x * 2);
    let c = b.destroy_or!(17);
    (a, b, c, a.is_some_and!(|x| *x % 2 == 0))
}

public fun equal<T: copy + drop>(a: T, b: T): bool { a == b && &a == &b && !(a != b) }

public fun equals(): vector<bool> {
    vector[
        equal(1u8, 1), equal(@0x1, @0x2), equal(b"a", b"a"), equal(vector[vector[1u64]], vector[vector[1]]),
        equal(wrap(wrap(1u256)), wrap(wrap(2))), equal(option::none<u64>(), option::some(0)), equal(true, true),
    ]
}
