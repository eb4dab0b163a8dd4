// Every instruction on integers, for every width. The functions differ in the type alone.
module corpus::integers;

public fun arithmetic_u8(op: u8, a: u8, b: u8): u8 {
    if (op == 0) a + b
    else if (op == 1) a - b
    else if (op == 2) a * b
    else if (op == 3) a / b
    else if (op == 4) a % b
    else if (op == 5) a & b
    else if (op == 6) a | b
    else a ^ b
}

public fun shift_u8(left: bool, a: u8, by: u8): u8 {
    if (left) a << by else a >> by
}

public fun compare_u8(a: u8, b: u8): vector<bool> {
    vector[a < b, a > b, a <= b, a >= b, a == b, a != b]
}

public fun cast_u8(to: u8, a: u8): u256 {
    if (to == 0) (a as u8) as u256
    else if (to == 1) (a as u16) as u256
    else if (to == 2) (a as u32) as u256
    else if (to == 3) (a as u64) as u256
    else if (to == 4) (a as u128) as u256
    else a as u256
}

public fun arithmetic_u16(op: u8, a: u16, b: u16): u16 {
    if (op == 0) a + b
    else if (op == 1) a - b
    else if (op == 2) a * b
    else if (op == 3) a / b
    else if (op == 4) a % b
    else if (op == 5) a & b
    else if (op == 6) a | b
    else a ^ b
}

public fun shift_u16(left: bool, a: u16, by: u8): u16 {
    if (left) a << by else a >> by
}

public fun compare_u16(a: u16, b: u16): vector<bool> {
    vector[a < b, a > b, a <= b, a >= b, a == b, a != b]
}

public fun cast_u16(to: u8, a: u16): u256 {
    if (to == 0) (a as u8) as u256
    else if (to == 1) (a as u16) as u256
    else if (to == 2) (a as u32) as u256
    else if (to == 3) (a as u64) as u256
    else if (to == 4) (a as u128) as u256
    else a as u256
}

public fun arithmetic_u32(op: u8, a: u32, b: u32): u32 {
    if (op == 0) a + b
    else if (op == 1) a - b
    else if (op == 2) a * b
    else if (op == 3) a / b
    else if (op == 4) a % b
    else if (op == 5) a & b
    else if (op == 6) a | b
    else a ^ b
}

public fun shift_u32(left: bool, a: u32, by: u8): u32 {
    if (left) a << by else a >> by
}

public fun compare_u32(a: u32, b: u32): vector<bool> {
    vector[a < b, a > b, a <= b, a >= b, a == b, a != b]
}

public fun cast_u32(to: u8, a: u32): u256 {
    if (to == 0) (a as u8) as u256
    else if (to == 1) (a as u16) as u256
    else if (to == 2) (a as u32) as u256
    else if (to == 3) (a as u64) as u256
    else if (to == 4) (a as u128) as u256
    else a as u256
}

public fun arithmetic_u64(op: u8, a: u64, b: u64): u64 {
    if (op == 0) a + b
    else if (op == 1) a - b
    else if (op == 2) a * b
    else if (op == 3) a / b
    else if (op == 4) a % b
    else if (op == 5) a & b
    else if (op == 6) a | b
    else a ^ b
}

public fun shift_u64(left: bool, a: u64, by: u8): u64 {
    if (left) a << by else a >> by
}

public fun compare_u64(a: u64, b: u64): vector<bool> {
    vector[a < b, a > b, a <= b, a >= b, a == b, a != b]
}

public fun cast_u64(to: u8, a: u64): u256 {
    if (to == 0) (a as u8) as u256
    else if (to == 1) (a as u16) as u256
    else if (to == 2) (a as u32) as u256
    else if (to == 3) (a as u64) as u256
    else if (to == 4) (a as u128) as u256
    else a as u256
}

public fun arithmetic_u128(op: u8, a: u128, b: u128): u128 {
    if (op == 0) a + b
    else if (op == 1) a - b
    else if (op == 2) a * b
    else if (op == 3) a / b
    else if (op == 4) a % b
    else if (op == 5) a & b
    else if (op == 6) a | b
    else a ^ b
}

public fun shift_u128(left: bool, a: u128, by: u8): u128 {
    if (left) a << by else a >> by
}

public fun compare_u128(a: u128, b: u128): vector<bool> {
    vector[a < b, a > b, a <= b, a >= b, a == b, a != b]
}

public fun cast_u128(to: u8, a: u128): u256 {
    if (to == 0) (a as u8) as u256
    else if (to == 1) (a as u16) as u256
    else if (to == 2) (a as u32) as u256
    else if (to == 3) (a as u64) as u256
    else if (to == 4) (a as u128) as u256
    else a as u256
}

public fun arithmetic_u256(op: u8, a: u256, b: u256): u256 {
    if (op == 0) a + b
    else if (op == 1) a - b
    else if (op == 2) a * b
    else if (op == 3) a / b
    else if (op == 4) a % b
    else if (op == 5) a & b
    else if (op == 6) a | b
    else a ^ b
}

public fun shift_u256(left: bool, a: u256, by: u8): u256 {
    if (left) a << by else a >> by
}

public fun compare_u256(a: u256, b: u256): vector<bool> {
    vector[a < b, a > b, a <= b, a >= b, a == b, a != b]
}

public fun cast_u256(to: u8, a: u256): u256 {
    if (to == 0) (a as u8) as u256
    else if (to == 1) (a as u16) as u256
    else if (to == 2) (a as u32) as u256
    else if (to == 3) (a as u64) as u256
    else if (to == 4) (a as u128) as u256
    else a as u256
}

public fun booleans(a: bool, b: bool): vector<bool> {
    vector[a && b, a || b, !a, a == b, a != b, (a || b) && !(a && b)]
}

public fun literals(): (u8, u16, u32, u64, u128, u256, bool, bool) {
    (255, 65535, 4294967295, 18446744073709551615, 340282366920938463463374607431768211455,
        115792089237316195423570985008687907853269984665640564039457584007913129639935, true, false)
}
