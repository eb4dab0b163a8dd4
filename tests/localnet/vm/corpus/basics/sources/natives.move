// Natives of 0x1 and 0x2 that work on values alone.
#[allow(deprecated_usage)]
module corpus::natives;

use std::{ascii, bcs, hash, string};
use sui::{address, ed25519, hex, hmac};

public struct Record has copy, drop { id: u64, name: string::String, flags: vector<bool>, inner: Option<address> }

public fun bcs_of(n: u64): vector<vector<u8>> {
    let record = Record { id: n, name: b"name".to_string(), flags: vector[true, false], inner: option::some(@0x7) };
    vector[
        bcs::to_bytes(&n), bcs::to_bytes(&(n as u256)), bcs::to_bytes(&true), bcs::to_bytes(&@0xA),
        bcs::to_bytes(&record), bcs::to_bytes(&vector[1u16, 2]), bcs::to_bytes(&b"x"), bcs::to_bytes(&vector[b"", b"y"]),
    ]
}

public fun long_bcs(n: u64): vector<u8> {
    let mut v = vector[];
    let mut i = 0;
    while (i < n) { v.push_back((i % 256) as u8); i = i + 1; };
    hash::sha2_256(bcs::to_bytes(&vector[v, v]))
}

public fun hashes(data: vector<u8>): vector<vector<u8>> {
    vector[
        hash::sha2_256(data), hash::sha3_256(data), sui::hash::blake2b256(&data), sui::hash::keccak256(&data),
        hmac::hmac_sha3_256(&b"key", &data),
    ]
}

public fun strings(data: vector<u8>): (bool, bool, u64) {
    let a = string::try_utf8(data);
    let b = ascii::try_string(data);
    (a.is_some(), b.is_some(), if (a.is_some()) a.borrow().length() else 1000)
}

public fun substring(data: vector<u8>, from: u64, to: u64): string::String {
    string::utf8(data).substring(from, to)
}

public fun index_of(data: vector<u8>, part: vector<u8>): u64 {
    string::utf8(data).index_of(&string::utf8(part))
}

public fun must_be_utf8(data: vector<u8>): string::String { string::utf8(data) }

public fun addresses(a: address): (u256, vector<u8>, std::ascii::String, address) {
    (address::to_u256(a), address::to_bytes(a), address::to_ascii_string(a), address::from_u256(address::to_u256(a)))
}

public fun address_from(data: vector<u8>): address { address::from_bytes(data) }

public fun hex_round(data: vector<u8>): (vector<u8>, vector<u8>) {
    let text = hex::encode(data);
    (text, hex::decode(text))
}

public fun ed25519(signature: vector<u8>, key: vector<u8>, message: vector<u8>): bool {
    ed25519::ed25519_verify(&signature, &key, &message)
}

public fun peel(data: vector<u8>): (u64, bool, vector<u8>, Option<address>, u128) {
    let mut b = sui::bcs::new(data);
    let (u, f, v, o, w) = (b.peel_u64(), b.peel_bool(), b.peel_vec_u8(), b.peel_option_address(), b.peel_u128());
    assert!(b.into_remainder_bytes().is_empty(), 99);
    (u, f, v, o, w)
}

public fun numbers(n: u64): (u64, u64, u64, string::String, Option<u8>, u64) {
    (n.sqrt(), n.pow(2), n.diff(100), n.to_string(), n.try_as_u8(), std::u64::divide_and_round_up(n, 7))
}

public fun fixed(n: u64): (u64, u64) {
    let half = std::fixed_point32::create_from_rational(1, 2);
    let third = std::uq32_32::from_quotient(1, 3);
    (std::fixed_point32::multiply_u64(n, half), std::uq32_32::int_mul(n, third))
}

public fun k1(signature: vector<u8>, key: vector<u8>, message: vector<u8>, hash: u8): bool {
    sui::ecdsa_k1::secp256k1_verify(&signature, &key, &message, hash)
}

public fun r1(signature: vector<u8>, key: vector<u8>, message: vector<u8>, hash: u8): bool {
    sui::ecdsa_r1::secp256r1_verify(&signature, &key, &message, hash)
}

public fun k1_recover(signature: vector<u8>, message: vector<u8>, hash: u8): vector<u8> {
    sui::ecdsa_k1::secp256k1_ecrecover(&signature, &message, hash)
}

public fun r1_recover(signature: vector<u8>, message: vector<u8>, hash: u8): vector<u8> {
    sui::ecdsa_r1::secp256r1_ecrecover(&signature, &message, hash)
}

public fun k1_decompress(key: vector<u8>): vector<u8> { sui::ecdsa_k1::decompress_pubkey(&key) }
