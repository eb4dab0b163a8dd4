/// Tokens follow their cluster to its version of the package: by anyone's hand, and only there.
#[test_only]
module k3s_daas::migration_tests;

use k3s_daas::asks;
use k3s_daas::events::SealTokenChanged;
use k3s_daas::given;
use k3s_daas::seal_token;
use k3s_daas::world;
use std::unit_test::assert_eq;
use sui::event;

#[test]
fun anyone_migrates_a_token_to_its_clusters_version() {
    let mut world = world::ready();
    world::with_token!(&mut world, given::stranger(), |cluster, token, clock, _| {
        token.set_version_for_testing(0);
        seal_token::migrate_token(cluster, token, clock);
        assert_eq!(event::events_by_type<SealTokenChanged>().length(), 1);
    });
    world.submit(asks::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWrongVersion)]
fun a_token_that_was_not_migrated_opens_nothing() {
    let mut world = world::ready();
    world::with_token!(&mut world, given::stranger(), |_, token, _, _| token.set_version_for_testing(0));
    world.submit(asks::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWrongVersion)]
fun a_token_of_a_newer_version_opens_nothing() {
    let mut world = world::ready();
    world::with_token!(&mut world, given::stranger(), |_, token, _, _| token.set_version_for_testing(2));
    world.submit(asks::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotOlder)]
fun a_token_of_its_clusters_version_is_not_migrated() {
    let mut world = world::ready();
    world::with_token!(&mut world, given::stranger(), |cluster, token, clock, _| {
        seal_token::migrate_token(cluster, token, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotOlder)]
fun a_token_is_not_migrated_back() {
    let mut world = world::ready();
    world::with_token!(&mut world, given::stranger(), |cluster, token, clock, _| {
        token.set_version_for_testing(2);
        seal_token::migrate_token(cluster, token, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun a_token_is_not_migrated_before_its_cluster_is() {
    let mut world = world::ready();
    world::with_cluster!(&mut world, |cluster, _| cluster.set_version_for_testing(0));
    world::with_token!(&mut world, given::stranger(), |cluster, token, clock, _| {
        token.set_version_for_testing(0);
        seal_token::migrate_token(cluster, token, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWrongCluster)]
fun a_token_is_migrated_with_its_own_cluster_only() {
    let mut world = world::ready();
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_token!(&mut world, given::stranger(), |_, token, clock, _| {
        token.set_version_for_testing(0);
        seal_token::migrate_token(&other, token, clock);
    });
    given::drop_all(other, admin, operator);
    world.end();
}
