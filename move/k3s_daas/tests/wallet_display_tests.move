/// What wallets show: made once when the package is published, and frozen.
#[test_only]
module k3s_daas::wallet_display_tests;

use k3s_daas::cluster::{AdminCap, OperatorCap};
use k3s_daas::given;
use k3s_daas::receipt::Receipt;
use k3s_daas::seal_token::SealToken;
use k3s_daas::upgrade_lock::UpgradeRight;
use k3s_daas::wallet_display;
use std::unit_test::assert_eq;
use sui::display::{Display, VersionUpdated};
use sui::event;
use sui::package::Publisher;
use sui::test_scenario::{Self, Scenario};

fun published(): Scenario {
    let mut scenario = test_scenario::begin(given::admin());
    wallet_display::init_for_testing(scenario.ctx());
    // Wallets take note of a Display by its event.
    assert_eq!(event::events_by_type<VersionUpdated<SealToken>>().length(), 1);
    scenario
}

fun assert_shown<T: key>(scenario: &Scenario, name: vector<u8>, description: vector<u8>) {
    let shown = scenario.take_immutable<Display<T>>();
    assert_eq!(shown.version(), 1);
    let fields = shown.fields();
    assert_eq!(fields.length(), 2);
    assert_eq!(*fields.get(&given::text(b"name")), given::text(name));
    assert_eq!(*fields.get(&given::text(b"description")), given::text(description));
    test_scenario::return_immutable(shown);
}

#[test]
fun all_that_wallets_show_is_frozen() {
    let mut scenario = published();
    let effects = scenario.next_tx(given::stranger());
    assert_eq!(effects.frozen().length(), 5);
    assert_eq!(effects.created().length(), 5);
    assert!(!test_scenario::has_most_recent_for_address<Publisher>(given::admin()));
    scenario.end();
}

#[test]
fun caps_tokens_receipts_and_rights_are_shown() {
    let mut scenario = published();
    scenario.next_tx(given::stranger());
    assert_shown<AdminCap>(
        &scenario,
        b"k3s-daas admin",
        b"May change the cluster {cluster} and issue its tokens",
    );
    assert_shown<OperatorCap>(&scenario, b"k3s-daas operator", b"May start enclaves for the cluster {cluster}");
    assert_shown<SealToken>(
        &scenario,
        b"k3s-daas seal token",
        b"{note}: what {owner} may ask of the cluster {cluster}",
    );
    assert_shown<Receipt>(&scenario, b"k3s-daas receipt", b"The answer {status} to the request {request_id}");
    assert_shown<UpgradeRight>(&scenario, b"k3s-daas upgrades", b"May announce upgrades at the lock {lock}");
    scenario.end();
}
