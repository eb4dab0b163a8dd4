/// Deposits as plain values: what counts, what leaves and when, and what a penalty takes.
#[test_only]
module k3s_daas::deposit_tests;

use k3s_daas::deposit::{Self, Deposit};
use std::unit_test::{assert_eq, destroy};
use sui::balance;

fun deposit(amount: u64): Deposit { deposit::new(balance::create_for_testing(amount)) }

/// Announces amounts that are due at 10, 20 and so on.
fun leaving(amount: u64, parts: vector<u64>): Deposit {
    let mut deposit = deposit(amount);
    let mut due = 0;
    parts.do!(|part| {
        due = due + 10;
        deposit.announce(part, due);
    });
    deposit
}

fun assert_amounts(deposit: &Deposit, total: u64, counted: u64) {
    assert_eq!(deposit.total(), total);
    assert_eq!(deposit.counted(), counted);
}

fun pay(deposit: &mut Deposit, now: u64): u64 { deposit.pay(now).destroy_for_testing() }

fun slash(deposit: &mut Deposit, amount: u64): u64 { deposit.slash(amount).destroy_for_testing() }

#[test]
fun what_is_added_counts() {
    let mut deposit = deposit(3);
    deposit.add(balance::create_for_testing(4));
    assert_amounts(&deposit, 7, 7);
    destroy(deposit);
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::EZeroAmount)]
fun nothing_cannot_be_added() {
    let mut deposit = deposit(3);
    deposit.add(balance::zero());
    destroy(deposit);
}

#[test]
fun what_is_announced_to_leave_counts_no_longer() {
    let mut deposit = leaving(10, vector[4]);
    assert_amounts(&deposit, 10, 6);
    deposit.announce(6, 30);
    assert_amounts(&deposit, 10, 0);
    destroy(deposit);
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::EZeroAmount)]
fun nothing_cannot_be_announced() { destroy(leaving(10, vector[0])); }

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENotEnough)]
fun more_than_there_is_cannot_leave() { destroy(leaving(10, vector[11])); }

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENotEnough)]
fun nothing_leaves_twice() { destroy(leaving(10, vector[4, 7])); }

#[test]
fun eight_withdrawals_may_wait() {
    let deposit = leaving(10, vector[1, 1, 1, 1, 1, 1, 1, 1]);
    assert_amounts(&deposit, 10, 2);
    destroy(deposit);
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ETooManyWithdrawals)]
fun nine_withdrawals_are_too_many() { destroy(leaving(10, vector[1, 1, 1, 1, 1, 1, 1, 1, 1])); }

#[test]
fun a_paid_withdrawal_makes_room_for_another() {
    let mut deposit = leaving(10, vector[1, 1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(pay(&mut deposit, 10), 1);
    deposit.announce(1, 90);
    destroy(deposit);
}

#[test]
fun a_withdrawal_is_paid_from_its_millisecond_on() {
    let mut deposit = leaving(10, vector[4]);
    assert_eq!(pay(&mut deposit, 10), 4);
    assert_amounts(&deposit, 6, 6);
    destroy(deposit);
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENothingDue)]
fun a_withdrawal_is_not_paid_a_millisecond_before() {
    let mut deposit = leaving(10, vector[4]);
    pay(&mut deposit, 9);
    destroy(deposit);
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENothingDue)]
fun a_withdrawal_is_paid_once() {
    let mut deposit = leaving(10, vector[4]);
    pay(&mut deposit, 10);
    pay(&mut deposit, 100);
    destroy(deposit);
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENothingDue)]
fun what_was_not_announced_is_not_paid() {
    let mut deposit = deposit(10);
    pay(&mut deposit, 100);
    destroy(deposit);
}

#[test]
fun all_that_is_due_is_paid_together_and_the_rest_waits() {
    let mut deposit = leaving(10, vector[1, 2, 4]);
    assert_eq!(pay(&mut deposit, 29), 3);
    assert_amounts(&deposit, 7, 3);
    assert_eq!(pay(&mut deposit, 30), 4);
    assert_amounts(&deposit, 3, 3);
    destroy(deposit);
}

#[test]
fun all_that_counts_leaves_beside_what_leaves_already() {
    let mut deposit = leaving(10, vector[4]);
    deposit.leave_all(50);
    assert_amounts(&deposit, 10, 0);
    assert_eq!(pay(&mut deposit, 49), 4);
    assert_eq!(pay(&mut deposit, 50), 6);
    deposit.destroy_empty();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENothingDue)]
fun where_nothing_counts_nothing_more_leaves() {
    let mut deposit = leaving(10, vector[10]);
    deposit.leave_all(5);
    pay(&mut deposit, 5);
    destroy(deposit);
}

#[test]
fun a_full_list_does_not_keep_the_rest_from_leaving() {
    let mut deposit = leaving(10, vector[1, 1, 1, 1, 1, 1, 1, 1]);
    deposit.leave_all(90);
    assert_eq!(pay(&mut deposit, 90), 10);
    deposit.destroy_empty();
}

#[test]
fun a_penalty_takes_first_what_counts() {
    let mut deposit = leaving(10, vector[4]);
    assert_eq!(slash(&mut deposit, 6), 6);
    assert_amounts(&deposit, 4, 0);
    assert_eq!(pay(&mut deposit, 10), 4);
    deposit.destroy_empty();
}

#[test]
fun a_penalty_takes_then_what_was_to_leave_last() {
    let mut deposit = leaving(10, vector[3, 2, 4]);
    assert_eq!(slash(&mut deposit, 6), 6);
    assert_amounts(&deposit, 4, 0);
    assert_eq!(pay(&mut deposit, 10), 3);
    assert_eq!(pay(&mut deposit, 29), 1);
    deposit.destroy_empty();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENothingDue)]
fun what_a_penalty_took_is_not_paid() {
    let mut deposit = leaving(10, vector[10]);
    assert_eq!(slash(&mut deposit, 10), 10);
    pay(&mut deposit, 10);
    destroy(deposit);
}

#[test]
fun a_penalty_takes_no_more_than_there_is() {
    let mut deposit = leaving(10, vector[4]);
    assert_eq!(slash(&mut deposit, 11), 10);
    assert_amounts(&deposit, 0, 0);
    deposit.destroy_empty();
}

#[test]
fun a_penalty_of_nothing_takes_nothing() {
    let mut deposit = leaving(10, vector[4]);
    assert_eq!(slash(&mut deposit, 0), 0);
    assert_amounts(&deposit, 10, 6);
    destroy(deposit);
}

#[test]
fun a_penalty_leaves_the_rest_of_what_counts() {
    let mut deposit = leaving(10, vector[4]);
    assert_eq!(slash(&mut deposit, 5), 5);
    assert_amounts(&deposit, 5, 1);
    assert_eq!(pay(&mut deposit, 10), 4);
    destroy(deposit);
}
