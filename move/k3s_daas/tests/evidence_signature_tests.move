// Written by tools/generate_golden_move.py; do not edit.
#[test_only]
module k3s_daas::evidence_signature_tests;

use k3s_daas::blame;
use k3s_daas::world;

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_domain_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"25b355bc3e72fef20e78105189e4ff3e43813924d5a87763427cec712b27d1ab23069d310ced5d3dcdbde030fc6fbf68b9aef5570e60019cdc315eeb990fe607",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_chain_id_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"b979148e53c7feb6ea718710e827da167559b5c69e8992ab6ff2bb994685743ea6b26e613ecad85a2baf1cf9c110c3b7278f3c40b563a29cfe1ccb253d52a801",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_package_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"2a4036f1522a4875e100b1599ef923efc82eea6a93bc4894187b0b7fcabc54479aa70c6afe59c5bf943c15c4c89ecc430ccf04dae9b2d08401439ca9ff833e02",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_cluster_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68501b23a886c014f3a830eb56deeb72187a2ec8243b030e50d7c77e88905a2fad23989691fe0767f8ed3a99d00783b84113adbed51eabd8ac7e2539a46ef20a",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_enclave_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"883f973d7a1e48433ee8cc2413a8de823b377172544349ca8211792808c94216625f3405f5d1745a6fe501d910479402a64811f084b8ed4dc1dc9547ace19d0b",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_epoch_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"b92da60a46aa73b0f70c5403eb91768be2aac03b43ffbe6104b9c561e55235491b9d0166b21a0dbd8a89984d0440c36d8f834ae4c534a08e35d84e992daea301",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_sequence_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"eaa3e248cf5a916b5efb4526c493938d66593aef782e8974abb207bff06029d64fd865312515aa0bd4034c88617dbed25da1bf1d4a2eeddee238009849bc2e08",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_config_version_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"da670fdee280be2a4494ec1b1bea3c7b702995d2ebe6ec6ee89a37b62efa7ee0b8acc2861df881f50107ef453f2b662bee81579a58ef069bfbd07a5b95d0d807",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_request_id_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"aa9b816eda1b116aca4672e725d27504819a60c172befb83c1e315565d728c6dfbe75aeb201f296cc9b548cca2d05520f9c6066f076576c64ef067cafeedaf0e",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_payload_hash_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"d7e6e307fb916273200d8e885a72f3dc89d7564c14daee466f4a2423f3376af830d7909585658c83cd7619630bc3ae2293793a6fd5ea62c419308b364fd02c04",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_status_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"9b9f7e535e229f8e95ea8f5859912eb33ad1cc40ec98d4a8d135c591e6dacacae68d1e4489b04996d207a0533b6fd0c3aff16a9c51ae462408c4a318ca732105",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_body_hash_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"c952a3d487500a58978897c0f1bfed19b84e5f47aaa1358ef3acec0f31c8870d71983c1663d540203c8d40a1c6023bd6a9b36595900af6ceacab6403dc585908",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_executed_at_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"c2093d0d87345577e13558c84ed93eb080bed61b13e0819da80b08e61f2d84c9f9ee1a929f3b31cfceed067c0745a2a9d784163c8bc161156088edf97a33fd0f",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_signed_over_another_answer_until_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"b276739e00dfe4837391938659c7a145b370af29f79f0eb87d70a71f2be8c8df83f549dde9b849969c2c2f024e5d848c657de1606af04815ec8ed141cdb0670d",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_domain_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"01d56aec2a0e08888d9fd7f0a6684ebe193e667f11a5792612e23da76f57f8c6f68f54fd46d1cec63de6f62633c4e54f24a920340e62c311d924625014f7a802",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_chain_id_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"98abf8b473c7931e2f2a92741f5e961507b7e526ef35eb7591bae0cf69da72affbcfe8d01828baa2e8e401b1bfcad37856339847158f067d9ccaafb177f84b07",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_package_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"a9d1384e7c39b9bd32fd7f5d968c2369ddec004135876846e642cf0fbd07050198fedc9ed412924fda36637157c35179dfa6c9dcd37a06ba2dd6b72bbcdc8d0d",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_cluster_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"f03971a52b17eaca0b0c883346ef1a5a5b9af911b386744876e98d8bbfe18bf6b97d907d891f0220229e2e8ccf3703c9248197d9965f465976c901adc07ce60c",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_enclave_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"6a0f1038ca1526248b767da8c64408a7888427e1c8ef3e7d06074dbf0c7fbbdb30b467312fc370ae7cc2b2ae134353b9b1a75f444f6a9598e7aa03da45ec5607",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_epoch_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"227b21077a89e8194ce4d758038507f2082f10e779f8fd6f373da00f3a6ba6d2f5f5ebc486800651dded46f3b7f12d452f297dbc3bec1e17c1de6203900f7a01",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_sequence_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"1cfcab0f8e2739861c4d31132dfc556612941b6410c676c886725385437a7bcbaf276df0245cada46b1768d99cf42e6a380f8fb8e3148cf3f5892fce2ef5be07",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_config_version_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"35f4756e6c84062592c859e7de9fdcd8a4570ad8215640c03c7fb4e7a9ba7c119446b335d105c4a0ef32d9e83a263a5016fef9085b4cd85d2b3157fa58b27f0d",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_request_id_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"6cb103e3fd47f355605331ccacd899256cc0b61da1c65639506fe99d953db668cabdd114ae492d8cfe40830a41bfbc011d8758500aa4dc9789c12abef5e8ff06",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_payload_hash_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"bac45121d7fcee1e141dc517a64ea953638ca994925fc37380df32e80e6ccb11102e6894d14eb4a1a07071b1bc74d13d4ae7e323561cf0346981e56ed3e8fe0e",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_status_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"65ad68a5ae3d2f817a4bdb9d190cb81b224a5e44d4f365799cbe0ea55083fb56ca950a72b5b468a4c5071e7658dd108a4d9fb68d143114ad2ea4d3b11ff11907",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_body_hash_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"7d85607cbe7a39c646727153181f4313f84a4c6ff2458d7a35a776ab7cc1d595e9fab2113f30de4ba9d5dfa104a9bf8d24a06c49d51ea5e22e1e5cc91acdb507",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_executed_at_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"49c4799abb4d92aa6a149041c08521a2666cefba24a0f90e0faa24d168fe89a6dd27937f565a870200cc4795687d3fd3348c9132d08c3da339d52f00e979d90f",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_signed_over_another_answer_until_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"79c7687c10d3f24c1cc3dd19cb1aa503adc7c1565eaf21d93fc536f4db0b916548e4b700ac78b772c0cb24efd59339f60c7d58ce6edd5bf7f9ae9911f85f2c08",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun first_answer_with_a_short_signature_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun second_answer_with_a_short_signature_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e224",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun a_violation_as_an_answer_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[
        x"894913a3fdb0c11c87372dc596f6961810a1bd5b83268758d826429c320764c285ca8375b3c7c2a7c6850f8df70706ee9a32d77af796a51d71b4a17281ccfe06",
        x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401",
    ];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}
