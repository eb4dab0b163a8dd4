// References to locals, fields, items; copies that must not alias; writes that must.
#[allow(unused_mut_ref)]
module corpus::references;

public struct Point has copy, drop, store { x: u64, y: u64 }

public struct Line has copy, drop, store { from: Point, to: Point, tags: vector<u8>, ok: bool }

public struct Deep has copy, drop, store { lines: vector<Line>, names: vector<vector<u8>>, best: Option<Point> }

fun line(): Line {
    Line { from: Point { x: 1, y: 2 }, to: Point { x: 3, y: 4 }, tags: b"abc", ok: false }
}

fun deep(): Deep {
    Deep { lines: vector[line(), line()], names: vector[b"one", b"two"], best: option::some(Point { x: 9, y: 9 }) }
}

fun bump(n: &mut u64) { *n = *n + 1; }

fun bump_point(p: &mut Point) { bump(&mut p.x); p.y = p.y + p.x; }

fun larger(a: &mut u64, b: &mut u64): &mut u64 { if (*a > *b) a else b }

fun larger_ref(a: &u64, b: &u64): &u64 { if (*a > *b) a else b }

public fun locals(start: u64): (u64, u64) {
    let mut a = start;
    let b = a;
    bump(&mut a);
    bump(&mut a);
    let r = &mut a;
    *r = *r * 10;
    (a, b)
}

public fun choose(a0: u64, b0: u64): (u64, u64) {
    let mut a = a0;
    let mut b = b0;
    let r = larger(&mut a, &mut b);
    *r = 1000;
    let q = if (a == 1000) &mut b else &mut a;
    *q = *q + 1;
    (a, b)
}

public fun choose_shared(a: u64, b: u64): u64 {
    *larger_ref(&a, &b)
}

public fun fields(): Line {
    let mut l = line();
    bump_point(&mut l.from);
    l.to = l.from;
    bump_point(&mut l.to);
    let f = &mut l.ok;
    *f = !*f;
    l.tags.push_back(100);
    *&mut l.tags[0] = 90;
    l
}

public fun copies_do_not_alias(): (Deep, Deep, bool) {
    let mut a = deep();
    let mut b = a;
    a.lines[0].from.x = 77;
    a.names[1].push_back(33);
    b.best = option::none();
    let c = *&a.lines[0];
    *&mut a.lines[1] = c;
    a.lines[1].tags = b"";
    let same = &a.lines[0] == &a.lines[1];
    (a, b, same)
}

public fun write_whole(): Deep {
    let mut a = deep();
    let p = &mut a;
    *p = Deep { lines: vector[], names: vector[b"x"], best: option::some(Point { x: 0, y: 1 }) };
    let best = a.best.borrow_mut();
    best.x = 5;
    *best = Point { x: best.y, y: best.x };
    a
}

public fun swap_through(a: u64, b: u64): vector<u64> {
    let mut v = vector[a, b, 0];
    let t = v[0];
    *v.borrow_mut(0) = v[1];
    *v.borrow_mut(1) = t;
    bump(&mut v[2]);
    bump(&mut v[2]);
    v
}

public fun compare_references(): vector<bool> {
    let a = line();
    let mut b = a;
    let first = &a == &b;
    b.to.y = 0;
    vector[first, &a == &b, &a.from == &b.from, &a.to != &b.to, &mut b.ok == &mut false]
}

public fun replaced(): (Point, Point) {
    let mut p = Point { x: 1, y: 2 };
    let old = std::option::some(p);
    let r = &mut p;
    let before = *r;
    *r = Point { x: 8, y: 8 };
    let mut o = old;
    let taken = o.swap(*r);
    assert!(taken == before, 0);
    (p, o.destroy_some())
}

public fun loop_references(n: u64): vector<Point> {
    let mut points = vector[];
    let mut i = 0;
    while (i < n) {
        points.push_back(Point { x: i, y: 0 });
        let last = points.length() - 1;
        let p = &mut points[last];
        if (i % 2 == 0) p.y = i * i else bump_point(p);
        i = i + 1;
    };
    let mut j = 0;
    while (j < n) {
        let k = n - 1 - j;
        if (j >= k) break;
        points.swap(j, k);
        j = j + 1;
    };
    points
}

public fun order_of_effects(): vector<u64> {
    let mut v = vector[1, 2, 3];
    let a = v[0] + { v.push_back(4); v.length() } + { *&mut v[0] = 50; v[0] };
    v.push_back(a);
    v
}

public fun unpacked(): (u64, vector<u8>, bool) {
    let Line { from: Point { x, y }, to, mut tags, ok } = line();
    tags.append(b"def");
    let Point { x: tx, y: _ } = to;
    (x + y + tx, tags, ok)
}
