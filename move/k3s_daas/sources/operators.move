/// Who operates a cluster, and what each operator has put up. One OperatorCap is in office; a successor who was
/// announced comes into office when it is due, without anybody's doing. The bond of the one before counts no longer
/// from then, stays slashable, and is paid to him after the withdrawal delay. A bond that nobody collects stays: the
/// list grows by an AdminCap's appointments only. Pure bookkeeping; times are parameters.
module k3s_daas::operators;

use k3s_daas::deposit::{Self, Deposit};
use sui::balance::{Self, Balance};
use sui::sui::SUI;

#[error]
const ESuccessorPending: vector<u8> = b"another operator is announced already: cancel him first";
#[error]
const ENoSuccessor: vector<u8> = b"no other operator is announced";
#[error]
const ENoBond: vector<u8> = b"this operator has no bond here";

/// The one in office, the one to come, and all bonds.
public struct Operators has store {
    in_office: ID,
    successor: Option<Successor>,
    bonds: vector<Bond>,
}

/// An announced operator: in office from `due` on, when the bond of the one before begins to leave, until `bond_due`.
public struct Successor has copy, drop, store {
    operator: ID,
    due: u64,
    bond_due: u64,
}

/// What one operator has put up.
public struct Bond has store {
    operator: ID,
    deposit: Deposit,
}

/// Operators of a new cluster.
public(package) fun new(first: ID): Operators {
    Operators { in_office: first, successor: option::none(), bonds: vector[] }
}

/// The OperatorCap that is in office at this time.
public(package) fun in_office(self: &Operators, now: u64): ID {
    if (self.successor.is_some_and!(|next| next.due <= now)) self.successor.borrow().operator else self.in_office
}

/// The announced one, while he is not in office.
public(package) fun successor(self: &Operators, now: u64): Option<Successor> {
    if (self.successor.is_some_and!(|next| next.due > now)) self.successor else option::none()
}

/// What counts of an operator's bond: nothing unless he is in office.
public(package) fun counted_bond(self: &Operators, operator: ID, now: u64): u64 {
    if (operator != self.in_office(now)) return 0;
    let found = self.index(operator);
    if (found.is_none()) 0 else self.bonds[found.destroy_some()].deposit.counted()
}

/// Announces who comes into office at `due`.
public(package) fun appoint(self: &mut Operators, operator: ID, due: u64, bond_due: u64, now: u64) {
    self.settle(now);
    assert!(self.successor.is_none(), ESuccessorPending);
    self.successor = option::some(Successor { operator, due, bond_due });
}

/// Takes the announcement back; what the announced one has put up leaves until `bond_due`.
public(package) fun cancel(self: &mut Operators, bond_due: u64, now: u64) {
    self.settle(now);
    assert!(self.successor.is_some(), ENoSuccessor);
    let Successor { operator, .. } = self.successor.extract();
    self.leave_all(operator, bond_due);
}

/// Whether this operator is in office or announced: he may add to his bond.
public(package) fun may_bond(self: &Operators, operator: ID, now: u64): bool {
    operator == self.in_office(now) || self.successor.is_some_and!(|next| next.operator == operator)
}

/// Adds to an operator's bond.
public(package) fun add_bond(self: &mut Operators, operator: ID, bond: Balance<SUI>, now: u64) {
    self.settle(now);
    let found = self.index(operator);
    if (found.is_none()) {
        let mut deposit = deposit::new(balance::zero());
        deposit.add(bond);
        self.bonds.push_back(Bond { operator, deposit });
    } else {
        self.bonds[found.destroy_some()].deposit.add(bond);
    }
}

/// Announces that an amount of an operator's bond leaves.
public(package) fun announce_withdrawal(self: &mut Operators, operator: ID, amount: u64, due: u64, now: u64) {
    self.settle(now);
    self.bond_mut(operator).announce(amount, due);
}

/// Takes out what is due of an operator's bond.
public(package) fun pay(self: &mut Operators, operator: ID, now: u64): Balance<SUI> {
    self.settle(now);
    let paid = self.bond_mut(operator).pay(now);
    self.drop_if_empty(operator);
    paid
}

/// Takes away all of an operator's bond, what is leaving too; nothing where he has none.
public(package) fun slash(self: &mut Operators, operator: ID, now: u64): Balance<SUI> {
    self.settle(now);
    if (self.index(operator).is_none()) return balance::zero();
    let deposit = self.bond_mut(operator);
    let all = deposit.total();
    let taken = deposit.slash(all);
    self.drop_if_empty(operator);
    taken
}

/// Brings the announced one into office when he is due.
fun settle(self: &mut Operators, now: u64) {
    if (!self.successor.is_some_and!(|next| next.due <= now)) return;
    let Successor { operator, bond_due, .. } = self.successor.extract();
    let former = self.in_office;
    self.in_office = operator;
    self.leave_all(former, bond_due);
}

fun leave_all(self: &mut Operators, operator: ID, due: u64) {
    if (self.index(operator).is_some()) self.bond_mut(operator).leave_all(due);
}

fun bond_mut(self: &mut Operators, operator: ID): &mut Deposit {
    let found = self.index(operator);
    assert!(found.is_some(), ENoBond);
    &mut self.bonds[found.destroy_some()].deposit
}

fun drop_if_empty(self: &mut Operators, operator: ID) {
    let at = self.index(operator).destroy_some();
    if (self.bonds[at].deposit.total() == 0) {
        let Bond { deposit, .. } = self.bonds.remove(at);
        deposit.destroy_empty();
    }
}

fun index(self: &Operators, operator: ID): Option<u64> {
    self.bonds.find_index!(|bond| bond.operator == operator)
}
