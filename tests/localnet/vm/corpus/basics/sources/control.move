// Jumps of every shape: loops in loops, early returns, labelled breaks, recursion, jump tables.
module corpus::control;

public fun sum_to(n: u64): u64 {
    let mut i = 0;
    let mut sum = 0;
    while (i < n) {
        i = i + 1;
        sum = sum + i;
    };
    sum
}

public fun primes_below(n: u64): vector<u64> {
    let mut found = vector[];
    let mut candidate = 2;
    'outer: while (candidate < n) {
        let mut divisor = 2;
        while (divisor * divisor <= candidate) {
            if (candidate % divisor == 0) {
                candidate = candidate + 1;
                continue 'outer
            };
            divisor = divisor + 1;
        };
        found.push_back(candidate);
        candidate = candidate + 1;
    };
    found
}

public fun collatz(start: u64, limit: u64): (u64, bool) {
    let mut n = start;
    let mut steps = 0;
    loop {
        if (n == 1) return (steps, true);
        if (steps == limit) break;
        n = if (n % 2 == 0) n / 2 else 3 * n + 1;
        steps = steps + 1;
    };
    (n, false)
}

public fun fibonacci(n: u64): u64 {
    if (n < 2) n else fibonacci(n - 1) + fibonacci(n - 2)
}

public fun ackermann(m: u64, n: u64): u64 {
    if (m == 0) n + 1
    else if (n == 0) ackermann(m - 1, 1)
    else ackermann(m - 1, ackermann(m, n - 1))
}

public fun is_even(n: u64): bool { if (n == 0) true else is_odd(n - 1) }

public fun is_odd(n: u64): bool { if (n == 0) false else is_even(n - 1) }

public fun classify(n: u64): vector<u8> {
    match (n) {
        0 => b"none",
        1 => b"one",
        2 | 3 | 5 | 7 => b"small prime",
        x if (*x > 1000) => b"large",
        _ => b"other",
    }
}

public fun nested(a: u64, b: u64, c: u64): u64 {
    let x = if (a > b) {
        if (b > c) a - c else if (a > c) c + 1 else { if (c == 7) return 77; c * 2 }
    } else if (a == b) {
        10
    } else {
        let mut k = 0;
        while (k < 5) {
            if (k == c) break;
            k = k + 1;
        };
        k
    };
    let y = if (x % 2 == 0) x + a else x + b;
    if (y > 50) y - 50 else y
}

public fun labelled(n: u64): u64 {
    let v = 'found: {
        let mut i = 0;
        while (i < 10) {
            if (i * i > n) return_from(i) ;
            if (i * i == n) return 'found i;
            i = i + 1;
        };
        100
    };
    v + 1
}

fun return_from(_i: u64) {}

public fun short_circuit(a: bool, b: u64): bool {
    a && 10 / b > 2 || !a && b == 0
}

public fun aborts_with(code: u64) {
    abort code
}

public fun asserts(a: u64, b: u64): u64 {
    assert!(a != 0, 1);
    assert!(b != 0, 2);
    assert!(a < b, 3);
    assert!(b - a > 1, 4);
    let c = a * b;
    assert!(c < 1000, 5);
    c
}

public fun depth(n: u64): u64 {
    if (n == 0) 0 else depth(n - 1) + 1
}

// One frame more, as the test that calls `depth` has.
public fun depth_from_a_test(n: u64): u64 { depth(n) }

public fun mixed_order(a: u64): u64 {
    let mut x = a;
    let y = x + { x = x * 2; x } + { x = x + 1; x };
    y * 1000 + x
}

public fun three_way(n: u64): u64 {
    let mut total = 0;
    let mut i = 0;
    while (i < n) {
        let part = if (i % 3 == 0) { 1 } else if (i % 3 == 1) { if (i % 2 == 0) { 10 } else { i = i + 1; 20 } } else { 100 };
        total = total + part;
        i = i + 1;
        if (total > 500) break;
        if (total % 7 == 0) continue;
        total = total + 1;
    };
    total
}
