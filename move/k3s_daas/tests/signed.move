// Written by tools/generate_golden_move.py; do not edit.
#[test_only]
module k3s_daas::signed;

public fun chain_id(): vector<u8> { x"6542f12224beb8ddbf9745ca7141fe934e94c61b2e08fa390ef40f99366750ec" }

public fun enclave_key(): vector<u8> { x"7bc038ed946a749b8aba1b669b0e55e35251c8afe2a848c03d2c82cd5d03316d" }

public fun owner_key(): vector<u8> { x"72753bddc21c929341fc4d5d4ea061b45d5a2fb7f0cbe2e99f9a6b7a04e32cc9" }

public fun other_key(): vector<u8> { x"f630a40665880b7ce9eff93cd7cb9014c24d544e828dbccf01163d6f3a732bb6" }

public fun payload_hash(): vector<u8> { x"cc9093a367dc5ce88c689f0a45efe2d6275862befc465333fc23504f45ae93ff" }

public fun body_hash(): vector<u8> { x"cac61432b4705d6179b554596c7da915de50271086e43a23fcdfe2f81e2f3f20" }

public fun no_body_hash(): vector<u8> { x"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" }

public fun long_body_hash(): vector<u8> { x"1010101010101010101010101010101010101010101010101010101010101010" }

public fun two_chunks_hash(): vector<u8> { x"3dff9505cac6046aef5055f68494be7304839870579401608cb5354b32bd3544" }

public fun answer(): vector<u8> { x"68a1bef605b9dfad9c744c0b9ecbc6c86f58a48479b0e6c2e02e62466fe0fec4dd29b4711ee49995abbf40458b4be15d2faa20a613f2a907071f6f8c7fce4e0f" }

public fun second_answer(): vector<u8> { x"3ce9db99748faecde5fd1abc4f43a1982048d2195239c49df8c7540c0bb97c9677aae10a618a47308f2b6af2c68c60efc2ae432a2fcc5c69b482b9a5637af40f" }

public fun answer_without_body(): vector<u8> { x"347103d0eec5d0f16b25655352966261042f69fbda9daf71402c72cf1c3baa56d0bd81a1c7087abd479021bca66037d81dc3c0a868ee0672a3918535bbb3f90e" }

public fun answer_by_hash(): vector<u8> { x"09c067356b7b58958d74d6dc8f8d96aa3066aa2b1f02ec188822c9ff51c9f4255dfd11522d13abfd23f18073a544f24edfcc126ac4a5a360679e76a5fe773300" }

public fun answer_of_two_chunks(): vector<u8> { x"2e6a1f7362ffce87b1258c2d76f4f37042065d5fb06333781a83aaef230d065157cc6f3696cfbc39c6514b3c3a0f7a4b4c449090783e89fb7b5f456a1cd29206" }

public fun answer_at_config_version_4(): vector<u8> { x"3b13c2dc4e9bcc58d184eae9d02f272049a23bdacf5fb1388a430c1ca6eb3ba72fd9fd7c2c56b8e28336e78adfdde6d8d5d9f61fce222468945eeed2d6cf560b" }

public fun answer_executed_earliest(): vector<u8> { x"f043d5289851a931ee74d3134b63cba8dfa062cd905d0ab2d8fc09e3e81869b92f5b1dc3e4ab272069519910986e1e75b99e871a57eb06ca21455592dc7a4103" }

public fun answer_executed_latest(): vector<u8> { x"410f0c27689144f6a1d765684749ce7bddbc8782157e119758cbf10fcb592b32b6827d7e7a2f74003d57ace9651dbc103a94540a02f4f14a13515ab16793f007" }

public fun answer_status_100(): vector<u8> { x"6efde20a7d77e1062459bbeea8cc9909d505cd0839fc3367d4a87491d3ef9a7de79201515673b8bbfb4a8501d06debf4e3c8d85561e0b7b2abc72de11f5b9a0b" }

public fun answer_status_599(): vector<u8> { x"30762616334a0763cc75acb836ba6aab1e679e4c839205ff43a78a0ea8558c7c133f84c39f352128b30111422d296e9ad4a879e8e45f7fa4279691946697280b" }

public fun violation(): vector<u8> { x"894913a3fdb0c11c87372dc596f6961810a1bd5b83268758d826429c320764c285ca8375b3c7c2a7c6850f8df70706ee9a32d77af796a51d71b4a17281ccfe06" }

public fun violation_of_second_request(): vector<u8> { x"313469136611aab8960b388127b968250dfa098e43a084e6d7e627dcb09ada4a9469314180757d59123b26a40a3625dc779f3945604a5f4f625a2619065b0801" }

public fun violation_found_earliest(): vector<u8> { x"8841a8f4042d2b04b2d67212e4e70c0f419b9568c495a46414615a7905c3ea261fb3c28024ad7a23deb3017005516187985ba2051e88cb0d89248da8a1679c00" }

public fun violation_found_latest(): vector<u8> { x"a69d4ae623e2e9a723993d10f644142145f4cdd5db27106dd49852e1f08aa2446947a7cdf2d830e2c0e41e0dafae4d3c2f92f2145e3aa75c5849926350545f08" }

public fun contradiction(): vector<u8> { x"78a96d941a9c7d2b1d3f9836fb1af699a76bc51a83342e441fe7b70889be0cbadaeec0217ec9e823d1762e9f192a2817efb023cc1ac53c356f45087123e22401" }

public fun contradiction_in_body(): vector<u8> { x"0a2c8e02e11ee6f0a812334fb9d9f8aa088c3fc73ab955f9f1f7ea26e60408fcdda17a80fa221ebbc2a8516cf64f9acdbc1565a4f877b192ed746ca490f25002" }

public fun same_answer_again(): vector<u8> { x"cd1ab8c195fa2945d5dc0905b90def628f5cbe58a253f92612de97a63ea1ece227ca997e7ed23d0a1f1f4aae9724b636a0e2a11e16e692d0460fbcbc2a496808" }

public fun contradiction_executed_latest(): vector<u8> { x"e0e154d6f997696f05737bea1683dcd1813af938630c40bb7c97446808554b0b21132eb32af536752174e625fc8d8b27d29443eb8946b470ecba074638745f0b" }

public fun contradiction_executed_later(): vector<u8> { x"8cac8e586f10ee126a7525abd21e3330112997c4a20353606051dfc0d0756c99fa3762ac0f43be8568ccad9a8a0e29f08e9acfdd3ca423cb637dd132ef4c110e" }

public fun contradiction_of_second_request(): vector<u8> { x"66f9462703a61e5af986ba2becc13d55f099e831cbce8ca929645daec7a4a38cea8b4191db95a47495ccfdd167c355c8769210a13bf6885d0cfa128b2209bb0d" }

public fun contradiction_by_other_key(): vector<u8> { x"0e4201e50ff583a5a09c1e829aa131d89566d2c85a406043760e65d3072ddaebaa2a68882179e7bbc13e606c86696a294485099cad2e7507bb753aac34fc5a0d" }

public fun answer_of_other_enclave(): vector<u8> { x"7ab8cf51f5379c556f24834cf073b97bc87fc3c14f6240e14462bfed650f7f03c41a4c4911bae6e60ce1b6f1751bac9825e678772c8b606a057fda57d0396701" }

public fun contradiction_of_other_enclave(): vector<u8> { x"5ba4a0078ae7f7cd3beb959f06e220454ef1d35b91f52611ba154a46dfb201d3404777c89c35269d855cf85bea15a97c5d525be3d9f1fc8d3abf369cb1a57300" }

public fun answer_of_other_cluster(): vector<u8> { x"33736bc30055721ccf4c130e58cabcbcbefbc4038ac64c952ff103d7cfe3005dda54816f835b040e209d7424c59ebe30394c3294d6d9ec6ebea9c7a61e321a0c" }

public fun contradiction_of_other_cluster(): vector<u8> { x"543881d0f965cb7a0065994fe29499c90d474e585df7181b8927cd2b922bd0fcfd768690766fc2b2d7da4936e3ed4b897b27e094aea4d5cd7f1769e678139704" }

public fun grant(): vector<u8> { x"86b9b2fafc5fc3bc6383d45142c6e10c7cdcd593ea52fe4c8e5db06e0ada992b882e3e014628be43d01fe18dd2b919d748e1a7e0f9ca487f6762c611a6ad830d" }

public fun narrow_grant(): vector<u8> { x"6a541462e03ebad45e353be38345a8704f9d8cba9ef44ce1296c16e0a460de37e35d4af4a6f57bb24b07611c09b86ab12effab2ba7ddfcd144e3d02339fa2d04" }

public fun wide_grant(): vector<u8> { x"95c4bdb222afdb1e671c0c06aad65b16ecdf87469c3343cd6354f54bf8269fc1b7bb1faabae8ea971f3718925710d006c39de72bd06af9956586253686015c03" }

public fun grant_of_16_rules(): vector<u8> { x"8448d11e767646c5e08a80627bf614c89345d97a9c5b40bf4208a15f9b5288a4f040effb6e394718946fc10343750d086f87df312debbee766fcc770d3996d0c" }

public fun grant_from_now(): vector<u8> { x"e274ae99c1a7d891acfa4fceab1d7824e98c390236e6c0c719c6fcf9db843a60a90ca6cd47c4558e30e155c99b0cc81e26e3e28a4d934fe03e2cad367d468503" }

public fun grant_from_later(): vector<u8> { x"a928f84f130364c66abe87a97dce9ed5284ca95f0d11604afb367c3ac4fbd65c85068b04ba824bcc3394d3b397281d075d9e3d8c119af3a19a1bce5a9a1b6308" }

public fun grant_until_now(): vector<u8> { x"7172c41493b67957634145e026801461c52d3a796cbddfce9824fe351ac54a07cccf7e8cfb98671445cbdf0a9cd463d493d8407ed243d50a6f0a16c6e3c30302" }

public fun grant_until_later(): vector<u8> { x"bd4e1ec075053efbefbd36be42cefb22dd6e61597d143bf7192060c1a662dc1dff3350fef09e3f2ccd237425e768af0a1a2c5f3ffd1e01c227ed556cb0be080a" }

public fun grant_to_other(): vector<u8> { x"3273e1713cfd9b3d50652c267af2a53b54f16e99cb61770b804dbd774ff11af339ddd63897c7136e6191fd678f8080c742c46176c14ed66b5e3961fbc1683009" }

public fun grant_short_session(): vector<u8> { x"e42f23ada09a8c21174264541484c803a39a619fbb4b67dcbb7a087457129197e3379a125f1bd5d6aeb270dd8faa6f60aed8224b89f05477160e0baccc46c601" }

public fun enclave_address(): address { @0x044bd83e8b67d5b5fa0deee14927b40eaaa37a9080b4a29a61c6f8e717b64c18 }

public fun owner_address(): address { @0xc327c894d6de0c20a7422ad725e4cc28e6cb339230d4dc8259498a811b501a63 }

public fun other_address(): address { @0x56b9bc98e8f6669fedb5ab8df5ce0f8ce8262cd267f3430093692f3468427b61 }

public fun cluster_id(): address { @0x2771b5758043d7b76a6a2b8393e8d8bfad503d88d43551342011ea1fe7aa621c }

public fun token_id(): address { @0xc53e7f9227d15204a61fd88f176bb1c3abaa993cca4dc665fa38939d1dcbe0a4 }

public fun challenge_id(): address { @0x65c82e24c7af1caf091dbadcf8dbc2945a2fde781cc17651255b55127010ecf5 }

public fun enclave_id(): address { @0xf397dac02a5ec527c56f2bdafbcf73405be5b2a8c7c29cdec0fe38547fc05d6e }

public fun request_id(): address { @0x6a0e997ebfc234cca5c87a1d25332f13b8b1b5ef0c2e7269206cb61ba5e28c3f }

public fun second_request_id(): address { @0xe2061aa49e095f6c0b2d23e9dfbfc9c0c83758c8a7dab321f8e4068e45809bd8 }

public fun other_enclave_id(): address { @0x22bc7e170f5fda44b3ace6b4163141dbc25650be19aa9a81e1e8a9dc831ea111 }
