// Vector instructions, their errors, constants, and the library on top.
#[allow(implicit_const_copy)]
module corpus::vectors;

const BYTES: vector<u8> = b"constant";
const NUMBERS: vector<u64> = vector[1, 2, 3];
const LISTS: vector<vector<u8>> = vector[b"a", b"bc", b""];
const WHO: address = @0xCAFE;
const BIG: u256 = 0x1234567890ABCDEF1234567890ABCDEF1234567890ABCDEF;
const FLAG: bool = true;
const ADDRESSES: vector<address> = vector[@0x1, @0x2];

public fun constants(): (vector<u8>, vector<u64>, vector<vector<u8>>, address, u256, bool, vector<address>) {
    (BYTES, NUMBERS, LISTS, WHO, BIG, FLAG, ADDRESSES)
}

public fun constants_stay(): (vector<u8>, vector<vector<u8>>) {
    let mut a = BYTES;
    a.push_back(0);
    let mut b = LISTS;
    b[0].push_back(1);
    b.push_back(a);
    (BYTES, LISTS)
}

public fun item(i: u64): u64 { NUMBERS[i] }

public fun item_mut(i: u64): vector<u64> {
    let mut v = NUMBERS;
    *&mut v[i] = 99;
    v
}

public fun list_item(i: u64): vector<u8> { LISTS[i] }

public fun popped(times: u64): vector<u64> {
    let mut v = vector[5, 6];
    let mut out = vector[];
    let mut i = 0;
    while (i < times) {
        out.push_back(v.pop_back());
        i = i + 1;
    };
    out
}

public fun swapped(i: u64, j: u64): vector<u64> {
    let mut v = vector[10, 20, 30];
    v.swap(i, j);
    v
}

public fun destroyed(n: u64) {
    let mut v = vector[];
    let mut i = 0;
    while (i < n) { v.push_back(i); i = i + 1; };
    v.destroy_empty();
}

public fun library(): (vector<u8>, vector<u64>, vector<u64>, bool, u64, vector<u64>, vector<vector<u64>>) {
    let mut v = b"hello";
    v.append(b" world");
    v.reverse();
    let mut n = vector[5, 3, 8, 1];
    n.insert(9, 2);
    let removed = n.remove(0);
    let at = n.swap_remove(1);
    let (found, index) = n.index_of(&8);
    let doubled = n.map_ref!(|x| *x * 2);
    let evens = n.filter!(|x| *x % 2 == 0);
    (v, n, doubled, found && n.contains(&8), index * 100 + removed * 10 + at, evens, vector[n, vector[], doubled])
}

public fun kinds(): (vector<bool>, vector<u16>, vector<u128>, vector<u256>, vector<address>, vector<vector<u32>>) {
    let mut b = vector[true, false];
    b.push_back(true);
    b.swap(0, 1);
    let mut w = vector[1u16, 2];
    *w.borrow_mut(1) = 500;
    (b, w, vector[1 << 100], vector[1u256 << 255], vector[@0x1, WHO], vector[vector[1], vector[], vector[2, 3]])
}

public fun bubble_sort(seed: u64, n: u64): vector<u64> {
    let mut v = vector[];
    let mut x = seed;
    let mut i = 0;
    while (i < n) {
        x = (x * 1103515245 + 12345) % 2147483648;
        v.push_back(x % 1000);
        i = i + 1;
    };
    let mut done = false;
    while (!done) {
        done = true;
        let mut k = 1;
        while (k < v.length()) {
            if (v[k - 1] > v[k]) {
                v.swap(k - 1, k);
                done = false;
            };
            k = k + 1;
        };
    };
    v
}

public fun matrix(n: u64): vector<vector<u64>> {
    let mut rows = vector[];
    let mut i = 0;
    while (i < n) {
        let mut row = vector[];
        let mut j = 0;
        while (j < n) { row.push_back(i * j); j = j + 1; };
        rows.push_back(row);
        i = i + 1;
    };
    let mut k = 0;
    while (k < n) {
        let cell = &mut rows[k][n - 1 - k];
        *cell = *cell + 1000;
        k = k + 1;
    };
    rows
}

public fun bytes_out_of_range(i: u64): u8 { let v = b"abc"; v[i] }
