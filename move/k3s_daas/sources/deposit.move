/// SUI that somebody has put up: a stake or a bond. What he announces to take out counts no longer from that moment,
/// and stays slashable until it is paid. A due time is fixed when it is announced.
module k3s_daas::deposit;

use sui::balance::Balance;
use sui::sui::SUI;

/// Withdrawals of one deposit that wait at the same time.
const MAX_LEAVING: u64 = 8;

#[error]
const EZeroAmount: vector<u8> = b"the amount is zero";
#[error]
const ENotEnough: vector<u8> = b"less than this amount is put up and not announced to leave";
#[error]
const ETooManyWithdrawals: vector<u8> = b"8 withdrawals wait already: have what is due paid first";
#[error]
const ENothingDue: vector<u8> = b"nothing is due to be paid";

/// What is put up; `leaving` is a part of `balance`.
public struct Deposit has store {
    balance: Balance<SUI>,
    leaving: vector<Leaving>,
}

/// One announced withdrawal.
public struct Leaving has copy, drop, store {
    amount: u64,
    due: u64,
}

/// A deposit of this balance, which may be zero.
public(package) fun new(balance: Balance<SUI>): Deposit {
    Deposit { balance, leaving: vector[] }
}

/// Adds more than nothing.
public(package) fun add(self: &mut Deposit, more: Balance<SUI>) {
    assert!(more.value() > 0, EZeroAmount);
    self.balance.join(more);
}

/// All that is put up, what is leaving too.
public(package) fun total(self: &Deposit): u64 { self.balance.value() }

/// What counts: not what was announced to leave.
public(package) fun counted(self: &Deposit): u64 { self.balance.value() - self.leaving_amount() }

/// Announces that an amount leaves at `due`.
public(package) fun announce(self: &mut Deposit, amount: u64, due: u64) {
    assert!(amount > 0, EZeroAmount);
    assert!(amount <= self.counted(), ENotEnough);
    assert!(self.leaving.length() < MAX_LEAVING, ETooManyWithdrawals);
    self.leaving.push_back(Leaving { amount, due });
}

/// Announces that all that still counts leaves at `due`.
public(package) fun leave_all(self: &mut Deposit, due: u64) {
    let amount = self.counted();
    if (amount > 0) self.leaving.push_back(Leaving { amount, due });
}

/// Takes out what is due.
public(package) fun pay(self: &mut Deposit, now: u64): Balance<SUI> {
    let (due, waiting) = self.leaving.partition!(|entry| entry.due <= now);
    assert!(!due.is_empty(), ENothingDue);
    self.leaving = waiting;
    let amount = due.fold!(0, |sum, entry| sum + entry.amount);
    self.balance.split(amount)
}

/// Takes away up to an amount: first what counts, then what was to leave last.
public(package) fun slash(self: &mut Deposit, amount: u64): Balance<SUI> {
    let amount = amount.min(self.balance.value());
    let taken = self.balance.split(amount);
    let leaving = self.leaving_amount();
    let mut excess = leaving - leaving.min(self.balance.value());
    while (excess > 0) {
        let mut last = self.leaving.pop_back();
        let cut = excess.min(last.amount);
        excess = excess - cut;
        last.amount = last.amount - cut;
        if (last.amount > 0) self.leaving.push_back(last);
    };
    taken
}

/// Ends a deposit in which nothing is left.
public(package) fun destroy_empty(self: Deposit) {
    let Deposit { balance, leaving: _ } = self;
    balance.destroy_zero();
}

fun leaving_amount(self: &Deposit): u64 {
    self.leaving.fold!(0, |sum, entry| sum + entry.amount)
}
