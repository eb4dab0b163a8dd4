/// Sealed bytes cut into chunks. They are never joined and never looped over by byte: lengths and one hash of the
/// BCS of the vector say all that the contract has to know.
module k3s_daas::chunks;

use std::bcs;
use std::hash;

const CHUNK_BYTES: u64 = 16_000;
const MAX_CHUNKS: u64 = 7;
const HASH_BYTES: u64 = 32;

#[error]
const ETooManyChunks: vector<u8> = b"there are more than 7 chunks";
#[error]
const EChunkLength: vector<u8> = b"a chunk is empty, or one before the last is not 16,000 bytes long";
#[error]
const EHashLength: vector<u8> = b"a hash is not 32 bytes long";
#[error]
const EHashMismatch: vector<u8> = b"the hash is not that of the chunks";
#[error]
const ELengthMismatch: vector<u8> = b"the length is not that of the chunks";

/// The bytes in well-formed chunks: all but the last full, none empty.
public(package) fun length(chunks: &vector<vector<u8>>): u64 {
    let count = chunks.length();
    assert!(count <= MAX_CHUNKS, ETooManyChunks);
    if (count == 0) return 0;
    let last = chunks[count - 1].length();
    assert!(last > 0 && last <= CHUNK_BYTES, EChunkLength);
    let mut at = 0;
    while (at < count - 1) {
        assert!(chunks[at].length() == CHUNK_BYTES, EChunkLength);
        at = at + 1;
    };
    (count - 1) * CHUNK_BYTES + last
}

/// SHA-256 over the BCS of the vector of chunks.
public(package) fun hash(chunks: &vector<vector<u8>>): vector<u8> {
    hash::sha2_256(bcs::to_bytes(chunks))
}

/// Aborts unless the chunks are well formed and have this hash and length.
public(package) fun assert_match(chunks: &vector<vector<u8>>, expected_hash: &vector<u8>, expected_length: u64) {
    assert!(length(chunks) == expected_length, ELengthMismatch);
    assert!(&hash(chunks) == expected_hash, EHashMismatch);
}

/// Aborts unless this is a SHA-256 hash by its length.
public(package) fun assert_hash_length(value: &vector<u8>) {
    assert!(value.length() == HASH_BYTES, EHashLength);
}
