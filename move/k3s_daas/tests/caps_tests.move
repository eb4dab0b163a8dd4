/// Caps open their own cluster only: each function that takes one refuses that of another cluster, and of an operator
/// who is not in office.
#[test_only]
module k3s_daas::caps_tests;

use k3s_daas::enclave::{Self, Challenge};
use k3s_daas::given;
use k3s_daas::proofs;
use k3s_daas::seal_token;
use k3s_daas::world::{Self, World};
use std::unit_test::destroy;

/// A cluster whose first operator is not in office any more, and has his bond left.
fun replaced(): World {
    let mut world = world::registered();
    world.challenge();
    world.replace_operator();
    world.pass(3_000);
    world
}

// The admin's, of another cluster

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_adds_no_measurement() {
    let mut world = world::empty();
    world::by_other_caps!(&mut world, |cluster, admin, _, clock, _| {
        cluster.add_measurement(admin, given::pcr(4), given::pcr(5), given::pcr(6), clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_adds_no_configuration() {
    let mut world = world::empty();
    world::by_other_caps!(&mut world, |cluster, admin, _, clock, _| {
        cluster.add_configuration(admin, given::hash(1), clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_retires_no_measurement() {
    let mut world = world::empty();
    world::by_other_caps!(&mut world, |cluster, admin, _, clock, _| {
        cluster.retire_measurement(admin, 1, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_retires_no_configuration() {
    let mut world = world::empty();
    world::by_other_caps!(&mut world, |cluster, admin, _, clock, _| {
        cluster.retire_configuration(admin, 2, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_changes_no_setting() {
    let mut world = world::empty();
    world::by_other_caps!(&mut world, |cluster, admin, _, clock, _| {
        cluster.change_setting(admin, given::text(b"min_stake"), 1, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_grows_no_delays() {
    let mut world = world::empty();
    world::by_other_caps!(&mut world, |cluster, admin, _, clock, _| {
        cluster.grow_delays(admin, given::delay_maxima(), clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_replaces_no_operator() {
    let mut world = world::empty();
    world::by_other_caps!(&mut world, |cluster, admin, _, clock, ctx| {
        cluster.replace_operator(admin, given::stranger(), clock, ctx);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_cancels_no_operator() {
    let mut world = world::empty();
    world::by_other_caps!(&mut world, |cluster, admin, _, clock, _| {
        cluster.cancel_operator(admin, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_cancels_no_version() {
    let mut world = world::empty();
    world::by_other_caps!(&mut world, |cluster, admin, _, clock, _| {
        cluster.cancel_version(admin, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_hands_nothing_over() {
    let mut world = world::empty();
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_cluster!(&mut world, |cluster, clock| cluster.hand_over_admin(admin, given::stranger(), clock));
    destroy(other);
    destroy(operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_burns_nothing() {
    let mut world = world::empty();
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_cluster!(&mut world, |cluster, clock| cluster.burn_admin(admin, clock));
    destroy(other);
    destroy(operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_rescopes_no_token() {
    let mut world = world::ready();
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_token!(&mut world, given::stranger(), |cluster, token, clock, _| {
        seal_token::rescope(cluster, &admin, token, given::token_rules(), clock);
    });
    given::drop_all(other, admin, operator);
    world.end();
}

// The operator's, of another cluster

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun another_operator_bonds_nothing() {
    let mut world = world::registered();
    world::by_other_caps!(&mut world, |cluster, _, operator, clock, ctx| {
        cluster.add_bond(operator, given::sui(5, ctx), clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun another_operator_announces_no_withdrawal() {
    let mut world = world::registered();
    world::by_other_caps!(&mut world, |cluster, _, operator, clock, _| {
        cluster.announce_bond_withdrawal(operator, 1, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun another_operator_makes_no_challenge() {
    let mut world = world::registered();
    world::by_other_caps!(&mut world, |cluster, _, operator, clock, ctx| {
        enclave::new_challenge(cluster, operator, clock, ctx);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun another_operator_is_paid_nothing() {
    let mut world = world::registered();
    world::by_other_caps!(&mut world, |cluster, _, operator, clock, ctx| {
        cluster.withdraw_bond(operator, clock, ctx).burn_for_testing();
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun another_operator_registers_nothing() {
    let mut world = world::registered();
    world.challenge();
    world.scenario().next_tx(given::operator());
    let challenge = world.scenario().take_from_sender<Challenge>();
    world::by_other_caps!(&mut world, |cluster, _, operator, clock, ctx| {
        let proof = proofs::other_proof();
        let (hpke_key, tls_ca_hash, configuration) = (proof.hpke_key(), proof.tls_ca_hash(), proof.configuration());
        let attested = proof.attested();
        enclave::register_attested(
            cluster,
            operator,
            challenge,
            attested,
            hpke_key,
            tls_ca_hash,
            configuration,
            clock,
            ctx,
        );
    });
    world.end();
}

// The operator who is not in office

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun a_former_operator_makes_no_challenge() {
    let mut world = replaced();
    world.challenge();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun a_former_operator_registers_nothing() {
    let mut world = replaced();
    let proof = proofs::other_proof().proof_time(world.time());
    world.register_at(proof, 0x08);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun a_former_operator_revokes_nothing() {
    let mut world = replaced();
    world.revoke_enclave();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun a_coming_operator_makes_no_challenge() {
    let mut world = world::empty();
    world.replace_operator();
    world::by_operator_at!(&mut world, given::successor(), |cluster, cap, clock, ctx| {
        enclave::new_challenge(cluster, cap, clock, ctx);
    });
    world.end();
}
