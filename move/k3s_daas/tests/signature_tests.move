// Written by tools/generate_golden_move.py; do not edit.
#[test_only]
module k3s_daas::signature_tests;

use k3s_daas::asks;
use k3s_daas::given;
use k3s_daas::world;

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_domain_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"25b355bc3e72fef20e78105189e4ff3e43813924d5a87763427cec712b27d1ab23069d310ced5d3dcdbde030fc6fbf68b9aef5570e60019cdc315eeb990fe607"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_chain_id_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"b979148e53c7feb6ea718710e827da167559b5c69e8992ab6ff2bb994685743ea6b26e613ecad85a2baf1cf9c110c3b7278f3c40b563a29cfe1ccb253d52a801"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_package_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"2a4036f1522a4875e100b1599ef923efc82eea6a93bc4894187b0b7fcabc54479aa70c6afe59c5bf943c15c4c89ecc430ccf04dae9b2d08401439ca9ff833e02"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_cluster_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"68501b23a886c014f3a830eb56deeb72187a2ec8243b030e50d7c77e88905a2fad23989691fe0767f8ed3a99d00783b84113adbed51eabd8ac7e2539a46ef20a"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_enclave_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"883f973d7a1e48433ee8cc2413a8de823b377172544349ca8211792808c94216625f3405f5d1745a6fe501d910479402a64811f084b8ed4dc1dc9547ace19d0b"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_epoch_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"b92da60a46aa73b0f70c5403eb91768be2aac03b43ffbe6104b9c561e55235491b9d0166b21a0dbd8a89984d0440c36d8f834ae4c534a08e35d84e992daea301"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_sequence_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"eaa3e248cf5a916b5efb4526c493938d66593aef782e8974abb207bff06029d64fd865312515aa0bd4034c88617dbed25da1bf1d4a2eeddee238009849bc2e08"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_config_version_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"da670fdee280be2a4494ec1b1bea3c7b702995d2ebe6ec6ee89a37b62efa7ee0b8acc2861df881f50107ef453f2b662bee81579a58ef069bfbd07a5b95d0d807"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_request_id_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"aa9b816eda1b116aca4672e725d27504819a60c172befb83c1e315565d728c6dfbe75aeb201f296cc9b548cca2d05520f9c6066f076576c64ef067cafeedaf0e"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_payload_hash_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"d7e6e307fb916273200d8e885a72f3dc89d7564c14daee466f4a2423f3376af830d7909585658c83cd7619630bc3ae2293793a6fd5ea62c419308b364fd02c04"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_status_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"9b9f7e535e229f8e95ea8f5859912eb33ad1cc40ec98d4a8d135c591e6dacacae68d1e4489b04996d207a0533b6fd0c3aff16a9c51ae462408c4a318ca732105"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_body_hash_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"c952a3d487500a58978897c0f1bfed19b84e5f47aaa1358ef3acec0f31c8870d71983c1663d540203c8d40a1c6023bd6a9b36595900af6ceacab6403dc585908"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_executed_at_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"c2093d0d87345577e13558c84ed93eb080bed61b13e0819da80b08e61f2d84c9f9ee1a929f3b31cfceed067c0745a2a9d784163c8bc161156088edf97a33fd0f"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_over_another_answer_until_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"b276739e00dfe4837391938659c7a145b370af29f79f0eb87d70a71f2be8c8df83f549dde9b849969c2c2f024e5d848c657de1606af04815ec8ed141cdb0670d"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_signed_by_another_key_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"897991e51193782e8ae96b10c8c6921e893f082921c75e1c5215586d5f1a02622cd949e827eca111ef170ec28a9ce6a384a226fbf5e14bf8206f7d956d294905"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_with_a_short_signature_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answer_with_an_altered_signature_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_signature(x"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_signed_over_another_domain_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"fe8614dece89bd8f9d62363d0bbef206d3e75a2e1d8a7d09a60e8f0fad7a8a5a4c94e9413adb9f4975ff3f3d6c91f0f2a2ddf46d79e5513b04645f4cbb694709";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_signed_over_another_chain_id_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"e96ef6c0cb22ad12407dc07d80ab6a0fa40359b9b589b505497a310e2b35ed74f5288133ea9a8489390d8dbedbc45074c07d5593f5bfae9253a39adf08baf50e";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_signed_over_another_package_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"27b1f68a97982011999a58139a3a8297a9ae9fb25a553768601b36d2ef6c815c280e77c0014837a2e37a865499fe752d6ab988becb2ea1cce5df0cc0027f060b";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_signed_over_another_cluster_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"e487855781c99b9dd8975881934be015d567cfb5c9c6dcc50fc827dcb4250bf40b5c2e1f4d8ff7af5caaec57cf6d55b4e652c8132dc398b7bacb90cdd27fcc0c";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_signed_over_another_token_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"d0c388a274d7503972798f0965a26d60941ffe46622667832bbcc32fd4751dab53a4e2dbedd937990705f1fb0acd3fd06bf73506755cf4fda94a37b3128c3306";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_signed_over_another_delegate_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"c493604bb6348b3733a2dcf890c4fd7b934c6035fc6e21b291600c9b42de576473d5e5f5f9a1dc1254efeb6b15a9997335bf9d101a50830aa4011fe2df512d03";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_signed_over_another_session_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"d13de82ae6cb2cfc947e5f1326f6d74b8c9c9b69eb493c5dcc387b25f1095f2f75616458daba4a623e7f50ee7215c047bcaed3787f01342ec849ee1464090a05";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_signed_over_another_not_before_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"7865c963abdf01e5429c87beb1855cbca447b3b753a77bca2b5094937d22959c93fd480a9ac2f1be8fa417628dcdfd32065095e7d43f1c0d838f80ca3defc50c";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_signed_over_another_expires_at_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"de0883d1c493c1f280f4d4a8785fcaaf072698e6c949c7489f6ad19b1fabf308e307de59f47a25c48320f8f73477ed014197b0405a36b1c0f88bcfb750b3070e";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_signed_over_another_rules_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"6a541462e03ebad45e353be38345a8704f9d8cba9ef44ce1296c16e0a460de37e35d4af4a6f57bb24b07611c09b86ab12effab2ba7ddfcd144e3d02339fa2d04";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_signed_by_another_key_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"499ebb5f5632572b136e458df4fbaa4c0170038b64d0ebdbbeac5db523eb7df64bfc1019835e47a35cadba6e08eaa140e77f7ae9491cccd011defe9a7925900b";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun grant_with_a_short_signature_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());
    let signature = x"86b9b2fafc5fc3bc6383d45142c6e10c7cdcd593ea52fe4c8e5db06e0ada992b882e3e014628be43d01fe18dd2b919d748e1a7e0f9ca487f6762c611a6ad83";
    world.submit_with_grant(ask, given::hash(0x5E), 1000000, 1600000, vector[], signature);
    world.end();
}
