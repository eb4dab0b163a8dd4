/// Challenge and registration: each yes and each no.
#[test_only]
module k3s_daas::registration_tests;

use k3s_daas::cluster::{Cluster, OperatorCap};
use k3s_daas::enclave::{Self, Challenge, Enclave};
use k3s_daas::events::EnclaveRegistered;
use k3s_daas::given;
use k3s_daas::proofs::{Self, Proof};
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

const SKEW: u64 = 300_000;

fun challenged(): World {
    let mut world = world::empty();
    world.add_bond(given::min_bond());
    world.challenge();
    world
}

fun register(proof: Proof) {
    let mut world = challenged();
    world.register(proof);
    world.end();
}

fun register_by(cluster: &mut Cluster, operator: &OperatorCap, challenge: Challenge, world: &mut World) {
    let proof = proofs::proof();
    let ctx = &mut world.context(given::operator());
    enclave::register_attested(
        cluster,
        operator,
        challenge,
        proof.attested(),
        proof.hpke_key(),
        proof.tls_ca_hash(),
        proof.configuration(),
        world.clock(),
        ctx,
    );
}

#[test]
fun a_good_document_registers_an_enclave() {
    let mut world = challenged();
    world.register(proofs::proof());
    assert_eq!(event::events_by_type<EnclaveRegistered>().length(), 1);
    world.scenario().next_tx(given::stranger());
    let enclave = world.scenario().take_shared<Enclave>();
    assert_eq!(object::id(&enclave).to_address(), signed::enclave_id());
    assert_eq!(enclave.sui_address(), signed::enclave_address());
    assert_eq!(*enclave.public_key(), signed::enclave_key());
    assert_eq!(*enclave.hpke_key(), b"hpke");
    assert_eq!(*enclave.tls_ca_hash(), given::hash(0xCA));
    assert_eq!(enclave.epoch(), 0);
    assert_eq!(enclave.expires_at(), given::now() + given::lifetime());
    test_scenario::return_shared(enclave);
    assert!(!test_scenario::has_most_recent_for_address<Challenge>(given::operator()));
    world.end();
}

#[test]
fun the_nonce_is_the_id_of_the_challenge() {
    let mut world = challenged();
    world.scenario().next_tx(given::operator());
    let id = test_scenario::most_recent_id_for_address<Challenge>(given::operator());
    assert_eq!(id, option::some(signed::challenge_id().to_id()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENonce)]
fun a_document_with_another_nonce_is_refused() {
    register(proofs::proof().proof_nonce(option::some(given::hash(1))));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENonce)]
fun a_document_without_nonce_is_refused() {
    register(proofs::proof().proof_nonce(option::none()));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENonce)]
fun a_document_with_an_empty_nonce_is_refused() {
    register(proofs::proof().proof_nonce(option::some(b"")));
}

#[test]
fun a_document_may_be_five_minutes_old() {
    register(proofs::proof().proof_time(given::now() - SKEW));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EDocumentTime)]
fun an_old_document_is_refused() {
    register(proofs::proof().proof_time(given::now() - SKEW - 1));
}

#[test]
fun a_document_may_be_five_minutes_ahead() {
    register(proofs::proof().proof_time(given::now() + SKEW));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EDocumentTime)]
fun a_document_from_the_future_is_refused() {
    register(proofs::proof().proof_time(given::now() + SKEW + 1));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EPublicKey)]
fun a_document_without_key_is_refused() {
    register(proofs::proof().proof_public_key(option::none()));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EPublicKey)]
fun a_key_of_another_length_is_refused() {
    register(proofs::proof().proof_public_key(option::some(given::pcr(1))));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun another_key_than_the_manifest_says_is_refused() {
    register(proofs::proof().proof_public_key(option::some(signed::other_key())));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun a_document_without_user_data_is_refused() {
    register(proofs::proof().proof_user_data(option::none()));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun a_document_with_other_user_data_is_refused() {
    register(proofs::proof().proof_user_data(option::some(given::hash(1))));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun another_hpke_key_than_the_manifest_says_is_refused() {
    register(proofs::proof().proof_hpke_key(b"other"));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun another_tls_ca_than_the_manifest_says_is_refused() {
    register(proofs::proof().proof_tls_ca_hash(given::hash(1)));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun another_configuration_than_the_manifest_says_is_refused() {
    register(proofs::proof().proof_configuration(given::hash(1)));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EHpkeKey)]
fun an_empty_hpke_key_is_refused() {
    register(proofs::proof().proof_hpke_key(b""));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EHpkeKey)]
fun a_very_long_hpke_key_is_refused() {
    register(proofs::proof().proof_hpke_key(vector::tabulate!(2_049, |_| 1)));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ETlsCaHash)]
fun a_tls_ca_hash_of_another_length_is_refused() {
    register(proofs::proof().proof_tls_ca_hash(given::pcr(1)));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EPcrAbsent)]
fun a_document_without_pcr0_is_refused() {
    register(proofs::proof().proof_pcrs(vector[1, 2], vector[given::pcr(2), given::pcr(3)]));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EPcrAbsent)]
fun a_document_without_pcr1_is_refused() {
    register(proofs::proof().proof_pcrs(vector[0, 2], vector[given::pcr(1), given::pcr(3)]));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EPcrAbsent)]
fun a_document_without_pcr2_is_refused() {
    register(proofs::proof().proof_pcrs(vector[0, 1], vector[given::pcr(1), given::pcr(2)]));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun pcrs_at_the_right_places_under_wrong_indexes_are_refused() {
    let values = vector[given::pcr(1), given::pcr(2), given::pcr(3)];
    register(proofs::proof().proof_pcrs(vector[1, 0, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrZero)]
fun a_debug_enclave_is_refused() {
    let values = vector[given::pcr(0), given::pcr(0), given::pcr(0)];
    register(proofs::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrZero)]
fun one_zero_pcr_is_refused() {
    let values = vector[given::pcr(1), given::pcr(2), given::pcr(0)];
    register(proofs::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrLength)]
fun a_short_pcr_is_refused() {
    let values = vector[given::hash(1), given::pcr(2), given::pcr(3)];
    register(proofs::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun another_pcr0_is_refused() {
    let values = vector[given::pcr(9), given::pcr(2), given::pcr(3)];
    register(proofs::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun another_pcr1_is_refused() {
    let values = vector[given::pcr(1), given::pcr(9), given::pcr(3)];
    register(proofs::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun another_pcr2_is_refused() {
    let values = vector[given::pcr(1), given::pcr(2), given::pcr(9)];
    register(proofs::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun a_retired_image_cannot_register() {
    let mut world = challenged();
    world.retire_measurement(1);
    world.register(proofs::proof());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EConfiguration)]
fun a_retired_configuration_cannot_register() {
    let mut world = challenged();
    world.retire_configuration(2);
    world.register(proofs::proof());
    world.end();
}

#[test]
fun a_challenge_holds_until_its_last_millisecond() {
    let mut world = challenged();
    world.pass(599_999);
    world.register(proofs::proof().proof_time(given::now() + 599_999));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EChallengeExpired)]
fun an_expired_challenge_is_refused() {
    let mut world = challenged();
    world.pass(600_000);
    world.register(proofs::proof().proof_time(given::now() + 600_000));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EKeyRegistered)]
fun the_same_key_registers_once() {
    let mut world = challenged();
    world.register(proofs::proof());
    // The challenge is made at the same id again, so that everything but the key is as it was.
    world.challenge();
    world.register_at(proofs::proof(), 0x08);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EWrongCluster)]
fun a_challenge_of_another_cluster_is_refused() {
    let mut world = challenged();
    let (mut other, admin, operator) = given::new_cluster(0x77);
    world.scenario().next_tx(given::operator());
    let challenge = world.scenario().take_from_sender<Challenge>();
    register_by(&mut other, &operator, challenge, &mut world);
    given::drop_all(other, admin, operator);
    world.end();
}

#[test]
fun a_challenge_can_be_thrown_away() {
    let mut world = challenged();
    world.scenario().next_tx(given::operator());
    let challenge = world.scenario().take_from_sender<Challenge>();
    enclave::discard_challenge(challenge);
    let effects = world.scenario().next_tx(given::operator());
    assert_eq!(effects.deleted(), vector[signed::challenge_id().to_id()]);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EChallengeOperator)]
fun a_challenge_of_the_operator_before_is_refused() {
    let mut world = challenged();
    world.replace_operator();
    world.pass(3_000);
    world.scenario().next_tx(given::operator());
    let mut cluster = world.scenario().take_shared<Cluster>();
    let challenge = world.scenario().take_from_sender<Challenge>();
    let successor = world.scenario().take_from_address<OperatorCap>(given::successor());
    register_by(&mut cluster, &successor, challenge, &mut world);
    test_scenario::return_to_address(given::successor(), successor);
    test_scenario::return_shared(cluster);
    world.end();
}
