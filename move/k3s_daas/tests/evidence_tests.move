/// `report_equivocation`: each yes and each no that is not a matter of the signatures alone (see
/// `evidence_signature_tests`).
#[test_only]
module k3s_daas::evidence_tests;

use k3s_daas::blame;
use k3s_daas::cluster::Cluster;
use k3s_daas::enclave::{Self, Enclave};
use k3s_daas::events::{ClusterChanged, EnclaveRevoked, EquivocationProven};
use k3s_daas::given;
use k3s_daas::proofs;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::bcs;
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

/// When the later answer was executed, and how long after that it is evidence.
const LATER: u64 = 1_002_600;
const WINDOW: u64 = 4_000;
const SKEW: u64 = 60_000;
/// When a ready world begins.
const BEGIN: u64 = 1_002_000;

/// What EquivocationProven is to say; events are compared by their bytes.
public struct Told has drop {
    enclave: address,
    cluster: address,
    operator: ID,
    request_id: address,
    reporter: address,
    slashed: u64,
    reward: u64,
    proven_at: u64,
}

fun bond_of(world: &mut World, who: address): u64 {
    let counted;
    world::by_operator_at!(world, who, |cluster, cap, clock, _| {
        counted = cluster.counted_bond(object::id(cap), clock);
    });
    counted
}

fun report_without(place: u64) {
    let mut world = world::ready();
    blame::evidence().evidence_without(place).report(&mut world);
    world.end();
}

// Accepted

#[test]
fun evidence_costs_the_bond_and_a_small_part_goes_to_the_reporter() {
    let mut world = world::ready();
    blame::evidence().report(&mut world);
    assert_eq!(blame::coins(&mut world, given::stranger()), 250);
    assert_eq!(blame::coins(&mut world, @0x0), 4_750);
    assert_eq!(bond_of(&mut world, given::operator()), 0);
    world.end();
}

#[test]
fun evidence_is_told_with_what_it_cost() {
    let mut world = world::ready();
    let operator;
    world::by_operator!(&mut world, |_, cap, _, _| operator = object::id(cap));
    world.pass(7);
    blame::evidence().report(&mut world);
    let told = Told {
        enclave: signed::enclave_id(),
        cluster: signed::cluster_id(),
        operator,
        request_id: signed::request_id(),
        reporter: given::stranger(),
        slashed: 5_000,
        reward: 250,
        proven_at: BEGIN + 7,
    };
    let events = event::events_by_type<EquivocationProven>();
    assert_eq!(events.length(), 1);
    assert_eq!(bcs::to_bytes(&events[0]), bcs::to_bytes(&told));
    assert_eq!(event::events_by_type<ClusterChanged>().length(), 1);
    assert_eq!(event::events_by_type<EnclaveRevoked>().length(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ERevoked)]
fun evidence_ends_the_enclave() {
    let mut world = world::ready();
    blame::evidence().report(&mut world);
    world::with_enclave!(&mut world, |cluster, enclave, clock| enclave::assert_usable(cluster, enclave, clock));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ERevoked)]
fun a_new_bond_does_not_bring_the_enclave_back() {
    let mut world = world::ready();
    blame::evidence().report(&mut world);
    world.add_bond(given::min_bond());
    world::with_enclave!(&mut world, |cluster, enclave, clock| enclave::assert_usable(cluster, enclave, clock));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EBond)]
fun other_enclaves_of_the_operator_need_a_new_bond() {
    let mut world = world::ready();
    let other = world.supersede();
    blame::evidence().report(&mut world);
    world.scenario().next_tx(given::stranger());
    let cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared_by_id<Enclave>(other);
    enclave::assert_usable(&cluster, &enclave, world.clock());
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    world.end();
}

#[test]
fun another_body_under_the_same_status_is_evidence() {
    let mut world = world::ready();
    let evidence = blame::evidence()
        .evidence_statuses(vector[200, 200])
        .evidence_body_hashes(vector[signed::body_hash(), signed::long_body_hash()])
        .evidence_signatures(vector[signed::answer(), signed::contradiction_in_body()]);
    evidence.report(&mut world);
    assert_eq!(bond_of(&mut world, given::operator()), 0);
    world.end();
}

#[test]
fun the_order_of_the_answers_does_not_matter() {
    let mut world = world::ready();
    blame::evidence().evidence_swapped().report(&mut world);
    assert_eq!(bond_of(&mut world, given::operator()), 0);
    world.end();
}

#[test]
fun evidence_counts_against_a_revoked_enclave() {
    let mut world = world::ready();
    world.revoke_enclave();
    blame::evidence().report(&mut world);
    assert_eq!(event::events_by_type<EquivocationProven>().length(), 1);
    assert_eq!(event::events_by_type<EnclaveRevoked>().length(), 0);
    assert_eq!(bond_of(&mut world, given::operator()), 0);
    world.end();
}

#[test]
fun evidence_counts_against_an_expired_enclave() {
    let mut world = world::empty();
    world.change_setting(b"enclave_lifetime_ms", 3_000);
    world.add_bond(given::min_bond());
    world.challenge();
    world.register(proofs::proof());
    world.pass(3_000);
    blame::evidence().report(&mut world);
    assert_eq!(bond_of(&mut world, given::operator()), 0);
    world.end();
}

#[test]
fun evidence_counts_against_an_enclave_of_a_retired_image() {
    let mut world = world::ready();
    world.retire_measurement(1);
    blame::evidence().report(&mut world);
    assert_eq!(bond_of(&mut world, given::operator()), 0);
    world.end();
}

#[test]
fun a_bond_that_is_leaving_is_lost_too() {
    let mut world = world::ready();
    world::by_operator!(&mut world, |cluster, cap, clock, _| cluster.announce_bond_withdrawal(cap, 5_000, clock));
    world.pass(LATER + WINDOW - BEGIN);
    blame::evidence().report(&mut world);
    assert_eq!(blame::coins(&mut world, given::stranger()), 250);
    assert_eq!(blame::coins(&mut world, @0x0), 4_750);
    world.end();
}

#[test]
fun a_former_operators_leaving_bond_is_lost_and_his_successors_is_not() {
    let mut world = world::ready();
    world.replace_operator();
    world.add_bond_at(given::successor(), 7_000);
    world.pass(3_000);
    blame::evidence().report(&mut world);
    assert_eq!(blame::coins(&mut world, given::stranger()), 250);
    assert_eq!(blame::coins(&mut world, @0x0), 4_750);
    assert_eq!(bond_of(&mut world, given::successor()), 7_000);
    world.end();
}

#[test]
fun where_no_bond_is_left_evidence_ends_the_enclave_all_the_same() {
    let mut world = world::ready();
    world.supersede();
    blame::evidence().report(&mut world);
    blame::evidence_of_other_enclave().report(&mut world);
    assert_eq!(event::events_by_type<EquivocationProven>().length(), 1);
    assert_eq!(event::events_by_type<EnclaveRevoked>().length(), 1);
    assert_eq!(blame::coins(&mut world, given::stranger()), 250);
    world.end();
}

// The window, on both sides

#[test]
fun evidence_holds_until_the_last_millisecond_of_its_window() {
    let mut world = world::ready();
    world.pass(LATER + WINDOW - BEGIN);
    blame::evidence().report(&mut world);
    world.end();
}

#[test]
fun the_window_begins_with_the_later_answer_wherever_it_stands() {
    let mut world = world::ready();
    world.pass(LATER + WINDOW - BEGIN);
    blame::evidence().evidence_swapped().report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::EWindowOver)]
fun evidence_can_be_too_late() {
    let mut world = world::ready();
    world.pass(LATER + WINDOW - BEGIN + 1);
    blame::evidence().report(&mut world);
    world.end();
}

#[test]
fun an_answer_in_evidence_may_be_dated_a_minute_ahead() {
    let mut world = world::ready();
    let evidence = blame::evidence().evidence_executed_at(vector[given::now() + 2_500, BEGIN + SKEW]);
    evidence.evidence_signatures(vector[signed::answer(), signed::contradiction_executed_latest()]).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::EFuture)]
fun an_answer_from_the_future_is_no_evidence_yet() {
    let mut world = world::ready();
    let evidence = blame::evidence().evidence_executed_at(vector[given::now() + 2_500, BEGIN + SKEW + 1]);
    evidence.evidence_signatures(vector[signed::answer(), signed::contradiction_executed_later()]).report(&mut world);
    world.end();
}

#[test]
fun an_answer_from_the_future_is_evidence_when_its_time_has_come() {
    let mut world = world::ready();
    world.pass(1);
    let evidence = blame::evidence().evidence_executed_at(vector[given::now() + 2_500, BEGIN + SKEW + 1]);
    evidence.evidence_signatures(vector[signed::answer(), signed::contradiction_executed_later()]).report(&mut world);
    world.end();
}

// Refused

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EConvicted)]
fun evidence_is_accepted_once_for_each_enclave() {
    let mut world = world::ready();
    blame::evidence().report(&mut world);
    world.add_bond(given::min_bond());
    blame::evidence().report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESameAnswer)]
fun the_same_answer_twice_is_no_evidence() {
    let mut world = world::ready();
    let evidence = blame::evidence().evidence_statuses(vector[200, 200]);
    evidence.evidence_signatures(vector[signed::answer(), signed::same_answer_again()]).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun a_second_answer_of_another_key_is_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[signed::answer(), signed::contradiction_by_other_key()];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun answers_to_two_requests_are_no_evidence() {
    let mut world = world::ready();
    let signatures = vector[signed::answer(), signed::contradiction_of_second_request()];
    blame::evidence().evidence_signatures(signatures).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun answers_to_another_request_than_the_named_are_no_evidence() {
    let mut world = world::ready();
    blame::evidence().evidence_to_request(signed::second_request_id().to_id()).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]
fun answers_of_one_enclave_are_no_evidence_against_another() {
    let mut world = world::ready();
    let other = world.supersede();
    blame::evidence().evidence_about(other).report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EWrongCluster)]
fun evidence_costs_nothing_in_another_cluster() {
    let mut world = world::ready();
    let (mut other, admin, operator) = given::new_cluster(0x77);
    world.scenario().next_tx(given::stranger());
    let signatures = vector[signed::answer_of_other_cluster(), signed::contradiction_of_other_cluster()];
    blame::evidence().evidence_signatures(signatures).report_to(&mut other, &mut world);
    given::drop_all(other, admin, operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun evidence_needs_the_version_of_the_cluster() {
    let mut world = world::ready();
    world::with_cluster!(&mut world, |cluster, _| cluster.set_version_for_testing(2));
    blame::evidence().report(&mut world);
    world.end();
}

// Exactly two answers

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ETwoAnswers)]
fun three_answers_are_refused() {
    let mut world = world::ready();
    blame::evidence().evidence_of_three().report(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ETwoAnswers)]
fun evidence_has_two_epochs() { report_without(0); }

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ETwoAnswers)]
fun evidence_has_two_sequences() { report_without(1); }

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ETwoAnswers)]
fun evidence_has_two_config_versions() { report_without(2); }

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ETwoAnswers)]
fun evidence_has_two_payload_hashes() { report_without(3); }

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ETwoAnswers)]
fun evidence_has_two_statuses() { report_without(4); }

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ETwoAnswers)]
fun evidence_has_two_body_hashes() { report_without(5); }

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ETwoAnswers)]
fun evidence_has_two_times_of_execution() { report_without(6); }

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ETwoAnswers)]
fun evidence_has_two_ends() { report_without(7); }

#[test, expected_failure(abort_code = ::k3s_daas::evidence::ETwoAnswers)]
fun evidence_has_two_signatures() { report_without(8); }

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EWrongCluster)]
fun a_cluster_convicts_its_own_enclaves_only() {
    let mut world = world::ready();
    world.revoke_enclave();
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_enclave!(&mut world, |_, enclave, clock| enclave::convict(&other, enclave, clock));
    given::drop_all(other, admin, operator);
    world.end();
}
