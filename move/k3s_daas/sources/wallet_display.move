/// How wallets and explorers show this package's objects. Made once, when the package is published, and frozen: nobody
/// can make an object look like something else later.
module k3s_daas::wallet_display;

use k3s_daas::cluster::{AdminCap, OperatorCap};
use k3s_daas::receipt::Receipt;
use k3s_daas::seal_token::SealToken;
use k3s_daas::upgrade_lock::UpgradeRight;
use std::string::String;
use sui::display;
use sui::package::{Self, Publisher};

/// The one-time witness.
public struct WALLET_DISPLAY has drop {}

fun init(witness: WALLET_DISPLAY, ctx: &mut TxContext) {
    let publisher = package::claim(witness, ctx);
    show<AdminCap>(&publisher, b"k3s-daas admin", b"May change the cluster {cluster} and issue its tokens", ctx);
    show<OperatorCap>(&publisher, b"k3s-daas operator", b"May start enclaves for the cluster {cluster}", ctx);
    show<SealToken>(&publisher, b"k3s-daas seal token", b"{note}: what {owner} may ask of the cluster {cluster}", ctx);
    show<Receipt>(&publisher, b"k3s-daas receipt", b"The answer {status} to the request {request_id}", ctx);
    show<UpgradeRight>(&publisher, b"k3s-daas upgrades", b"May announce upgrades at the lock {lock}", ctx);
    publisher.burn();
}

fun show<T: key>(publisher: &Publisher, name: vector<u8>, description: vector<u8>, ctx: &mut TxContext) {
    let keys: vector<String> = vector[b"name".to_string(), b"description".to_string()];
    let mut shown = display::new_with_fields<T>(
        publisher,
        keys,
        vector[name.to_string(), description.to_string()],
        ctx,
    );
    shown.update_version();
    transfer::public_freeze_object(shown);
}

#[test_only]
public fun init_for_testing(ctx: &mut TxContext) {
    init(WALLET_DISPLAY {}, ctx);
}
