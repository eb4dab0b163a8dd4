// Written by tools/generate_golden_move.py; do not edit.
#[test_only]
module k3s_daas::violation_signature_tests;

use k3s_daas::asks;
use k3s_daas::blame;
use k3s_daas::world;

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_domain_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"688089b2e883bc599668d1579535b39250ffb1ea0b77546c6efab0a3083d1ba68ed8b2b797b8f9196a7fa1b270f30832b7b6239a42554b73119808db1c41c908").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_chain_id_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"f86092128162b0d19033bb69ba94ddbf22718d4238c448ec1e41e0b656ef4c27609e5ed860095f8cdfeeea24be916f376f9722b986e2ff214244f9a7e43efd03").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_package_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"85a5b2d9d0034c0f7a4d5446ef72973275e4c18b7c138fa2c410e951ed713a317e3dc929dbd62af7f2e25bdfee3d864ff7e24ecaf774fa036a810b4be7277305").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_cluster_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"8714a76495aac2d981bf6cabccf23eba2b08d91ce9b95f4ffc1f4a0aab59d788a0f90dfd7afe227dec4b9a5841d1dbc38e92127c20573620b53dbe61acbabd08").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_enclave_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"fbcda28396a353ab17a06ffb45f782276982dc904f89cd35f762c4a389902f5239c5d214a58ef7b8784e6838d1096d8e58a111d2ac859bbe90bb4a71cac4d507").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_epoch_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"1670ff35b4112fd33eba53973b99218dcd7de8c1cd81c01b369be382e0176aa7f73e0be2237a3afecdb6a76350e98e272c6717ef75bc38aaeb3e8b3fb2a9950f").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_sequence_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"b416e47abf756add36a37a8c8bce1301048be93c0b4c4474855598b59138b989e47da2a24e00b5e1eec32c6d2b7706e3d8d3305ebc0a5c00e08fde0598caac03").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_config_version_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"6fd63ef04e183a68e75a85f58e302e12b55d9716d1742d445ba12d89d424716bf71867441d9418262db8e31671d809d2a7d8b531b9582c9df5ee4a3d02994704").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_request_id_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"a89a94dd4dcb7542cb4b36f8db6e824d913bf4c026d354f35ec88ed566bf82e10a579492d5b9b8d7f2a4df7474191c176a57a5f04df0175329f1d7a48a720504").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_payload_hash_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"2e20badfce2341afe4b63aa60f50292720c377f91b2e12a30caa5f0a7a47995b775a59b28aa0b5407fe9ddc61ec47dbe53ba3be23f8e3f06011fb053f0402b0d").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_found_at_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"3f14afb8ef37572424f1983cb0717ee5128ba24258de2a8cc1ac501104b39538f02ae7afca2e400393fcab543278b613bc16f5f25de2031f51269e3142bdb90d").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_over_another_answer_until_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"9a003b90a30ba7618f599a4241cea2e41aea49228cd541becf69681b4164662449ed8c0079015b7d985512d2b853ba63da57fbafab3e91459ba6ed30f056190e").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_signed_by_another_key_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"89d20bb46e1aeceab46133844240bc1f272b1ebfd5401eb37f158b1134723d7e7ead3de7ce36f515b0e52f996b3bc216945df688490f11d76623e9c279c00302").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun violation_with_a_short_signature_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"894913a3fdb0c11c87372dc596f6961810a1bd5b83268758d826429c320764c285ca8375b3c7c2a7c6850f8df70706ee9a32d77af796a51d71b4a17281ccfe").store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun an_answer_is_no_violation() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().violation_signature(x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f").store(&mut world);
    world.end();
}
