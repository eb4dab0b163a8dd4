// Written by tools/generate_golden_move.py; do not edit.
#[test_only]
module k3s_daas::golden_tests;

use k3s_daas::chunks;
use k3s_daas::rules;
use k3s_daas::statement;
use std::unit_test::assert_eq;
use sui::ed25519;

#[test]
fun answer_smallest() {
    let bytes = statement::answer_bytes(x"0000000000000000000000000000000000000000000000000000000000000000", @0x0000000000000000000000000000000000000000000000000000000000000000, @0x0000000000000000000000000000000000000000000000000000000000000000.to_id(), @0x0000000000000000000000000000000000000000000000000000000000000000.to_id(), 0, 0, 0, @0x0000000000000000000000000000000000000000000000000000000000000000.to_id(), x"0000000000000000000000000000000000000000000000000000000000000000", 100, x"0000000000000000000000000000000000000000000000000000000000000000", 0, 0);
    assert_eq!(bytes, x"146b33732d646161733a3a616e737765723a3a76312000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000200000000000000000000000000000000000000000000000000000000000000000640020000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000");
    assert_eq!(std::hash::sha2_256(bytes), x"de59b19e9f1d635b014260c6cce8e767d3edbc5507ada120e91f97c0da8ce6de");
    assert!(ed25519::ed25519_verify(&x"8eac658d2596103ce64bf16d09885647f91cfc53e2ba074328edf894747d90c7ee4e76d160db588286a595268a957537343ae4e4112fb0b3cdaf2bd015f60403", &x"66d1440bf47c23f83a97762da35aa5891d80734947dfbac2f7bc1694a4611690", &bytes));
}

#[test]
fun answer_ordinary() {
    let bytes = statement::answer_bytes(x"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", @0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1, @0xc1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1.to_id(), @0xe1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1.to_id(), 3, 41, 7, @0x9191919191919191919191919191919191919191919191919191919191919191.to_id(), x"239f59ed55e737c77147cf55ad0c1b030b6d7ee748a7426952f9b852d5a935e5", 200, x"230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5", 1766000000123, 1766000050000);
    assert_eq!(bytes, x"146b33732d646161733a3a616e737765723a3a763120000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1030000000000000029000000000000000700000000000000919191919191919191919191919191919191919191919191919191919191919120239f59ed55e737c77147cf55ad0c1b030b6d7ee748a7426952f9b852d5a935e5c80020230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb57b7ccd2d9b010000503fce2d9b010000");
    assert_eq!(std::hash::sha2_256(bytes), x"ea1f2fe3cc12a01890d94cf8ed43035f32d3ff031557936e412b4c805a1c174e");
    assert!(ed25519::ed25519_verify(&x"d53bf1824506987d22b5a62aeb51d763767266f23d11c35da0d654312e0c53d51c53a873b0a32f58b3a7501aff4b96035c9e93ed18f22c330632b5a08f5b9e07", &x"66d1440bf47c23f83a97762da35aa5891d80734947dfbac2f7bc1694a4611690", &bytes));
}

#[test]
fun answer_largest() {
    let bytes = statement::answer_bytes(x"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", @0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff, @0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff.to_id(), @0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff.to_id(), 18446744073709551615, 18446744073709551615, 18446744073709551615, @0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff.to_id(), x"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 65535, x"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 18446744073709551615, 18446744073709551615);
    assert_eq!(bytes, x"146b33732d646161733a3a616e737765723a3a763120ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff20ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff20ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    assert_eq!(std::hash::sha2_256(bytes), x"56c70a31fe24e8688625cf0c17812dc19da7ae9d72c340196adc7debfd64a44e");
    assert!(ed25519::ed25519_verify(&x"3fa43a1964fd910d405608144baacc4028a3916e449b29f74088779559f9c43277a1d33ace5af4526f9293a8d734c91360c569dcf57e6442cb24a3aa5635d607", &x"66d1440bf47c23f83a97762da35aa5891d80734947dfbac2f7bc1694a4611690", &bytes));
}

#[test]
fun violation_smallest() {
    let bytes = statement::violation_bytes(x"0000000000000000000000000000000000000000000000000000000000000000", @0x0000000000000000000000000000000000000000000000000000000000000000, @0x0000000000000000000000000000000000000000000000000000000000000000.to_id(), @0x0000000000000000000000000000000000000000000000000000000000000000.to_id(), 0, 0, 0, @0x0000000000000000000000000000000000000000000000000000000000000000.to_id(), x"0000000000000000000000000000000000000000000000000000000000000000", 0, 0);
    assert_eq!(bytes, x"176b33732d646161733a3a76696f6c6174696f6e3a3a7631200000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000020000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000");
    assert_eq!(std::hash::sha2_256(bytes), x"b3e8eab9cc3477aa8aa7ef6d5f93f871dae39a78897e16454454dfa128dd80a8");
    assert!(ed25519::ed25519_verify(&x"4d7936c9d9f7ce158d738be3de5838220755640dbe08ec7cd4ba2b7bc71b022b569a6f5dca6121d525354d46a9a9c85b7ebc69faf3289f6d26bcb54031c85407", &x"66d1440bf47c23f83a97762da35aa5891d80734947dfbac2f7bc1694a4611690", &bytes));
}

#[test]
fun violation_ordinary() {
    let bytes = statement::violation_bytes(x"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", @0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1, @0xc1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1.to_id(), @0xe1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1.to_id(), 3, 41, 7, @0x9191919191919191919191919191919191919191919191919191919191919191.to_id(), x"239f59ed55e737c77147cf55ad0c1b030b6d7ee748a7426952f9b852d5a935e5", 1766000000123, 1766000050000);
    assert_eq!(bytes, x"176b33732d646161733a3a76696f6c6174696f6e3a3a763120000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1030000000000000029000000000000000700000000000000919191919191919191919191919191919191919191919191919191919191919120239f59ed55e737c77147cf55ad0c1b030b6d7ee748a7426952f9b852d5a935e57b7ccd2d9b010000503fce2d9b010000");
    assert_eq!(std::hash::sha2_256(bytes), x"cf145665532bbb7dbf2267ce682b8f6721066f838d53633280827605671caca8");
    assert!(ed25519::ed25519_verify(&x"554b89c1a2bd4eb073661572d991235163e242e02d82c87ccf59c135d7da46b32e62bbf7d2976f411ca0065431ba3e37c961e223ccdd301c42947b37c1f5160b", &x"66d1440bf47c23f83a97762da35aa5891d80734947dfbac2f7bc1694a4611690", &bytes));
}

#[test]
fun violation_largest() {
    let bytes = statement::violation_bytes(x"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", @0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff, @0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff.to_id(), @0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff.to_id(), 18446744073709551615, 18446744073709551615, 18446744073709551615, @0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff.to_id(), x"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 18446744073709551615, 18446744073709551615);
    assert_eq!(bytes, x"176b33732d646161733a3a76696f6c6174696f6e3a3a763120ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff20ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    assert_eq!(std::hash::sha2_256(bytes), x"8f0df66665a51017fffb15a7fb645f844c65712858a1a87440ba4b47fa8f602b");
    assert!(ed25519::ed25519_verify(&x"034e86753fc18aef63fd3df261ca804f30cb5b6b7e2016592d9ee5bbeefa164c9248c2f9c1b6a191d55cc5a68855a336a7ca3c3f04f1649a162cd67ca15a5406", &x"66d1440bf47c23f83a97762da35aa5891d80734947dfbac2f7bc1694a4611690", &bytes));
}

#[test]
fun grant_all_the_token_s_rules() {
    let bytes = statement::grant_bytes(x"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", @0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1, @0xc1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1.to_id(), @0x7070707070707070707070707070707070707070707070707070707070707070.to_id(), @0xdededededededededededededededededededededededededededededededede, x"2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b", 1766000000000, 1766000600000, vector[]);
    assert_eq!(bytes, x"136b33732d646161733a3a6772616e743a3a763120000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c17070707070707070707070707070707070707070707070707070707070707070dededededededededededededededededededededededededededededededede202bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b007ccd2d9b010000c0a3d62d9b01000000");
    assert_eq!(std::hash::sha2_256(bytes), x"0325d77ed781b412095fa6dabc5ff68ad68baed0a5fa45eda9ec2dd7b69c604b");
    assert!(ed25519::ed25519_verify(&x"dd8a80911751b866ee32ff4e28fb21d6fd7220368a3c061b5868961ba4ae361eb6987bd558dd45a9d59af95a5b91b880fcde6da3a97c2a9d6b31de235a1c0d0d", &x"66d1440bf47c23f83a97762da35aa5891d80734947dfbac2f7bc1694a4611690", &bytes));
}

#[test]
fun grant_narrowed() {
    let bytes = statement::grant_bytes(x"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", @0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1, @0xc1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1.to_id(), @0x7070707070707070707070707070707070707070707070707070707070707070.to_id(), @0xdededededededededededededededededededededededededededededededede, x"0101010101010101010101010101010101010101010101010101010101010101", 0, 18446744073709551615, vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"log".to_string(), b"default".to_string(), vector[b"get".to_string()]), rules::new_rule(b"apps".to_string(), b"*".to_string(), b"".to_string(), b"*".to_string(), vector[b"get".to_string(), b"list".to_string(), b"watch".to_string()]), rules::new_rule(b"".to_string(), b"".to_string(), b"/metrics/*".to_string(), b"".to_string(), vector[b"*".to_string()])]);
    assert_eq!(bytes, x"136b33732d646161733a3a6772616e743a3a763120000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c17070707070707070707070707070707070707070707070707070707070707070dededededededededededededededededededededededededededededededede2001010101010101010101010101010101010101010101010101010101010101010000000000000000ffffffffffffffff030004706f6473036c6f670764656661756c7401036765740461707073012a00012a0303676574046c69737405776174636800000a2f6d6574726963732f2a0001012a");
    assert_eq!(std::hash::sha2_256(bytes), x"4bf59088bb6267cd3449f6e94afaebc52f67803209a8d2c642c1854ccedd0ea3");
    assert!(ed25519::ed25519_verify(&x"0e954af0116d9a730e87c3ffebc0aaf29dd22cb404e13a7894d5b14dbffea1141521e5e34c7d59cd29a262181239c2b926138a37741259c53dc90d4c101ce304", &x"66d1440bf47c23f83a97762da35aa5891d80734947dfbac2f7bc1694a4611690", &bytes));
}

#[test]
fun manifest_ordinary() {
    assert_eq!(statement::manifest_hash(@0xadadadadadadadadadadadadadadadadadadadadadadadadadadadadadadadad, x"66d1440bf47c23f83a97762da35aa5891d80734947dfbac2f7bc1694a4611690", x"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", x"6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126", @0xc1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1.to_id(), @0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1, x"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", x"b7d64a9221007dfd5390f7df6cd5b8f3ea4f82faa1237141e35ebf161f5511a1"), x"e7d47d57a3caefa453ca34224bb61418415afdaa79c9b6dae1174f6c47121095");
}

#[test]
fun chunks_none() {
    let chunks: vector<vector<u8>> = vector[];
    assert_eq!(chunks::length(&chunks), 0);
    assert_eq!(chunks::hash(&chunks), x"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

#[test]
fun chunks_one_byte() {
    let chunks: vector<vector<u8>> = vector[x"00"];
    assert_eq!(chunks::length(&chunks), 1);
    assert_eq!(chunks::hash(&chunks), x"9f44ac6acb8a37b00b615dc89259d306035be82dee7db2b472e4c48326195440");
}

#[test]
fun chunks_a_word() {
    let chunks: vector<vector<u8>> = vector[x"7365616c6564"];
    assert_eq!(chunks::length(&chunks), 6);
    assert_eq!(chunks::hash(&chunks), x"cc9093a367dc5ce88c689f0a45efe2d6275862befc465333fc23504f45ae93ff");
}

#[test]
fun chunks_two_chunks() {
    let chunks: vector<vector<u8>> = vector[vector::tabulate!(16000, |_| 0x2a), vector::tabulate!(10, |_| 0x2a)];
    assert_eq!(chunks::length(&chunks), 16010);
    assert_eq!(chunks::hash(&chunks), x"53d762cdeb6716eaf1193ea460336f1517c3ff6ef251f5478be238972c98214f");
}

#[test]
fun rule_exact() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string(), vector[b"get".to_string(), b"list".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_verb_not_named() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string(), vector[b"get".to_string(), b"list".to_string()])];
    let envelope = rules::new_envelope(b"delete".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_other_namespace() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string(), vector[b"get".to_string(), b"list".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"kube-system".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_cluster_scope_is_no_namespace() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string(), vector[b"get".to_string(), b"list".to_string()])];
    let envelope = rules::new_envelope(b"list".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_other_resource() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string(), vector[b"get".to_string(), b"list".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"secrets".to_string(), b"".to_string(), b"default".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_other_group() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string(), vector[b"get".to_string(), b"list".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"metrics.k8s.io".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_resource_gives_no_subresource() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string(), vector[b"get".to_string(), b"list".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"log".to_string(), b"default".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_no_rules() {
    let rules = vector[];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_second_rule() {
    let rules = vector[rules::new_rule(b"".to_string(), b"nodes".to_string(), b"".to_string(), b"".to_string(), vector[b"get".to_string()]), rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string(), vector[b"get".to_string(), b"list".to_string()])];
    let envelope = rules::new_envelope(b"list".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_star_gives_everything_plain() {
    let rules = vector[rules::new_rule(b"*".to_string(), b"*".to_string(), b"".to_string(), b"*".to_string(), vector[b"*".to_string()])];
    let envelope = rules::new_envelope(b"deletecollection".to_string(), b"apps".to_string(), b"deployments".to_string(), b"".to_string(), b"x".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_star_namespace_includes_cluster_scope() {
    let rules = vector[rules::new_rule(b"*".to_string(), b"*".to_string(), b"".to_string(), b"*".to_string(), vector[b"*".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"nodes".to_string(), b"".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_star_resource_gives_no_subresource() {
    let rules = vector[rules::new_rule(b"*".to_string(), b"*".to_string(), b"".to_string(), b"*".to_string(), vector[b"*".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"exec".to_string(), b"default".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_star_resource_gives_no_url() {
    let rules = vector[rules::new_rule(b"*".to_string(), b"*".to_string(), b"*".to_string(), b"*".to_string(), vector[b"*".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"".to_string(), b"/metrics".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_star_subresource_gives_each_subresource() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"*".to_string(), b"*".to_string(), vector[b"get".to_string(), b"create".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"log".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_star_subresource_gives_not_the_resource_itself() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"*".to_string(), b"*".to_string(), vector[b"get".to_string(), b"create".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_exec_counts_as_create() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"*".to_string(), b"*".to_string(), vector[b"get".to_string(), b"create".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"exec".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_exec_as_get_is_not_enough() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"exec".to_string(), b"a".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"exec".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_attach_counts_as_create() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"attach".to_string(), b"a".to_string(), vector[b"create".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"attach".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_portforward_counts_as_create() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"portforward".to_string(), b"a".to_string(), vector[b"create".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"portforward".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_service_proxy_counts_as_create() {
    let rules = vector[rules::new_rule(b"".to_string(), b"services".to_string(), b"proxy".to_string(), b"a".to_string(), vector[b"get".to_string(), b"list".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"services".to_string(), b"proxy".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_node_proxy_with_create() {
    let rules = vector[rules::new_rule(b"".to_string(), b"nodes".to_string(), b"proxy".to_string(), b"".to_string(), vector[b"create".to_string()])];
    let envelope = rules::new_envelope(b"delete".to_string(), b"".to_string(), b"nodes".to_string(), b"proxy".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_named_subresource_only() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"log".to_string(), b"a".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"status".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_url_exact() {
    let rules = vector[rules::new_rule(b"".to_string(), b"".to_string(), b"/metrics".to_string(), b"".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"".to_string(), b"/metrics".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_url_longer() {
    let rules = vector[rules::new_rule(b"".to_string(), b"".to_string(), b"/metrics".to_string(), b"".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"".to_string(), b"/metrics/cadvisor".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_url_prefix() {
    let rules = vector[rules::new_rule(b"".to_string(), b"".to_string(), b"/metrics*".to_string(), b"".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"".to_string(), b"/metrics/cadvisor".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_url_prefix_itself() {
    let rules = vector[rules::new_rule(b"".to_string(), b"".to_string(), b"/metrics*".to_string(), b"".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"".to_string(), b"/metrics".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_url_shorter_than_prefix() {
    let rules = vector[rules::new_rule(b"".to_string(), b"".to_string(), b"/metrics/*".to_string(), b"".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"".to_string(), b"/metrics".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_url_star_is_only_at_the_end() {
    let rules = vector[rules::new_rule(b"".to_string(), b"".to_string(), b"/a*b".to_string(), b"".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"".to_string(), b"/axb".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_url_verb() {
    let rules = vector[rules::new_rule(b"".to_string(), b"".to_string(), b"/*".to_string(), b"".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"post".to_string(), b"".to_string(), b"".to_string(), b"/healthz".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_url_prefix_inside_the_path() {
    let rules = vector[rules::new_rule(b"".to_string(), b"".to_string(), b"/b*".to_string(), b"".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"".to_string(), b"/a/b".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_resource_rule_gives_no_url() {
    let rules = vector[rules::new_rule(b"*".to_string(), b"*".to_string(), b"".to_string(), b"*".to_string(), vector[b"*".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"".to_string(), b"/".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_url_rule_gives_no_resource() {
    let rules = vector[rules::new_rule(b"".to_string(), b"".to_string(), b"/*".to_string(), b"".to_string(), vector[b"*".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"default".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_verbs_are_whole_words() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"a".to_string(), vector[b"getx".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_star_is_not_a_prefix_of_a_resource() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pod*".to_string(), b"".to_string(), b"a".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_bind_stands_in_rules() {
    let rules = vector[rules::new_rule(b"rbac.authorization.k8s.io".to_string(), b"roles".to_string(), b"".to_string(), b"a".to_string(), vector[b"bind".to_string()])];
    let envelope = rules::new_envelope(b"bind".to_string(), b"rbac.authorization.k8s.io".to_string(), b"roles".to_string(), b"".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_path_with_letters_beyond_ascii() {
    let rules = vector[rules::new_rule(b"".to_string(), b"".to_string(), x"2fc3a92a".to_string(), b"".to_string(), vector[b"get".to_string()])];
    let envelope = rules::new_envelope(b"get".to_string(), b"".to_string(), b"".to_string(), x"2fc3a9c3a8".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_pods_give_no_exec() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"a".to_string(), vector[b"get".to_string(), b"create".to_string(), b"update".to_string()])];
    let envelope = rules::new_envelope(b"create".to_string(), b"".to_string(), b"pods".to_string(), b"exec".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_delete_gives_no_deletecollection() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"a".to_string(), vector[b"delete".to_string()])];
    let envelope = rules::new_envelope(b"deletecollection".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), false);
}

#[test]
fun rule_deletecollection_is_a_verb_like_any_other() {
    let rules = vector[rules::new_rule(b"".to_string(), b"pods".to_string(), b"".to_string(), b"a".to_string(), vector[b"deletecollection".to_string()])];
    let envelope = rules::new_envelope(b"deletecollection".to_string(), b"".to_string(), b"pods".to_string(), b"".to_string(), b"a".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_impersonate_stands_in_rules() {
    let rules = vector[rules::new_rule(b"".to_string(), b"users".to_string(), b"".to_string(), b"".to_string(), vector[b"impersonate".to_string()])];
    let envelope = rules::new_envelope(b"impersonate".to_string(), b"".to_string(), b"users".to_string(), b"".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}

#[test]
fun rule_approve_stands_in_rules() {
    let rules = vector[rules::new_rule(b"certificates.k8s.io".to_string(), b"signers".to_string(), b"".to_string(), b"".to_string(), vector[b"approve".to_string()])];
    let envelope = rules::new_envelope(b"approve".to_string(), b"certificates.k8s.io".to_string(), b"signers".to_string(), b"".to_string(), b"".to_string());
    assert_eq!(rules::allow(&rules, &envelope), true);
}
