"""The Move package `k3s_daas` in Python: calls, events, objects and abort words, byte for byte.

Role: the only place that knows the order of the contract's parameters and fields.

Rules: no I/O and no decisions; a dataclass has the fields of its Move struct, in their order and under their names; a
test compares every one of them with the Move sources.

It does not check what an event says against the ledger: that is `chain.checks`. The signed and hashed structures stand
in `chain.statements`, rules and envelopes in `chain.rules`.
"""
