"""Facts: what our VM answers, written as assertions of a Move test that the real unit-test VM must pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localnet.vm import AbiType, MoveAbort, Package, Session, TxContext, Vm, VmError
from sui.types import Address
from tests.localnet.vm.toolchain import SELF, STD, SUI

if TYPE_CHECKING:
    from collections.abc import Sequence

DUMMY_DIGEST = bytes.fromhex("3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532")
NAMES = {SELF: "corpus", STD: "std", SUI: "sui"}
GROUP = 20


@dataclass(frozen=True)
class Fact:
    """A call with plain arguments (as Python values of the VM)."""

    module: str
    function: str
    args: tuple[Any, ...] = ()
    events: tuple[str, ...] = ()
    called_by_us: str = ""


@dataclass(frozen=True)
class Outcome:
    """What our VM answered: results as (BCS, …), or how it failed; events as BCS of the vector of each asked type."""

    results: tuple[bytes, ...] = ()
    events: tuple[bytes, ...] = ()
    failure: str = ""


class Oracle:
    """Asks our VM and writes the Move test."""

    def __init__(self, vm: Vm, package: Package) -> None:
        self.vm = vm
        self.package = package
        self._abis = {name: vm.module_abi(package.storage_id, name) for name in package.modules}

    def session(self) -> Session:
        return Session(self.vm, tx_context=TxContext(Address(bytes(32)), DUMMY_DIGEST))

    def answer(self, fact: Fact) -> Outcome:
        session = self.session()
        args = [self._value(kind, arg) for kind, arg in zip(self._parameters(fact), fact.args, strict=True)]
        try:
            returned = session.execute(
                self.package.storage_id, fact.module, fact.called_by_us or fact.function, [], args
            )
        except MoveAbort as error:
            where = f"{NAMES[error.where.original]}::{error.module}"
            return Outcome(failure=f"abort_code = {error.code}, location = {where}")
        except VmError as error:
            place = error.location
            where = f"{NAMES[place.original]}::{place.module}" if place else "nowhere"
            kinds = {
                "ARITHMETIC_ERROR": "arithmetic_error",
                "VECTOR_OPERATION_ERROR": f"vector_error, minor_status = {error.sub_status}",
                "CALL_STACK_OVERFLOW": "major_status = 4021",
            }
            return Outcome(failure=f"{kinds[error.status]}, location = {where}")
        events = []
        for name in fact.events:
            found = [event.contents for event in session.events if event.type.name == name]
            events.append(bytes([len(found)]) + b"".join(found))
        return Outcome(tuple(self.vm.serialize(value.type, value.value) for value in returned), tuple(events))

    def _parameters(self, fact: Fact) -> Sequence[AbiType]:
        parameters = self._abis[fact.module].functions[fact.function].parameters
        if parameters and parameters[-1].args and parameters[-1].args[0].is_data(SUI, "tx_context", "TxContext"):
            return parameters[:-1]
        return parameters

    def _value(self, kind: AbiType, value: Any) -> Any:
        if kind.kind == "vector" and kind.args[0].kind == "u8":
            return bytearray(value)
        if kind.kind == "vector":
            return [self._value(kind.args[0], item) for item in value]
        return value

    def _literal(self, kind: AbiType, value: Any) -> str:
        if kind.kind == "vector" and kind.args[0].kind == "u8":
            return f'x"{bytes(value).hex()}"'
        if kind.kind == "vector":
            return f"vector[{', '.join(self._literal(kind.args[0], item) for item in value)}]"
        if kind.kind == "bool":
            return str(value).lower()
        if kind.kind == "address":
            return f"@0x{value.hex()}"
        return f"{value}{kind.kind}"

    def _call(self, fact: Fact) -> str:
        abi = self._abis[fact.module].functions[fact.function]
        given = [self._literal(kind, arg) for kind, arg in zip(self._parameters(fact), fact.args, strict=True)]
        if len(given) < len(abi.parameters):
            given.append("&mut sui::tx_context::dummy()")
        return f"corpus::{fact.module}::{fact.function}({', '.join(given)})"

    def _asserted(self, fact: Fact, outcome: Outcome, number: int) -> list[str]:
        names = [f"r{index}" for index in range(len(outcome.results))]
        target = f"({', '.join(names)})" if len(names) != 1 else names[0]
        lines = [f"let {target} = {self._call(fact)};" if names else f"{self._call(fact)};"]
        lines += [
            f'assert!(std::bcs::to_bytes(&{name}) == x"{data.hex()}", {number});'
            for name, data in zip(names, outcome.results, strict=True)
        ]
        lines += [
            f"let e = sui::event::events_by_type<corpus::{fact.module}::{name}>();"
            f'assert!(std::bcs::to_bytes(&e) == x"{data.hex()}", {number});'
            for name, data in zip(fact.events, outcome.events, strict=True)
        ]
        return lines

    def move_test(self, facts: Sequence[Fact]) -> tuple[str, list[Outcome]]:
        """Returns the test module's source and our answers."""
        outcomes = [self.answer(fact) for fact in facts]
        out = ["#[test_only, allow(all)]", "module corpus::oracle_tests;", ""]
        group: list[str] = []

        def close(number: int) -> None:
            if group:
                out.extend([f"#[test] fun facts_before_{number}() {{", *(f"    {line}" for line in group), "}", ""])
                group.clear()

        for number, (fact, outcome) in enumerate(zip(facts, outcomes, strict=True)):
            if outcome.failure:
                out += [
                    f"#[test, expected_failure({outcome.failure})]",
                    f"fun fact_{number}() {{ {self._call(fact)}; }}",
                    "",
                ]
                continue
            lines = self._asserted(fact, outcome, number)
            if "dummy()" in lines[0]:
                out += [f"#[test] fun fact_{number}() {{", *(f"    {line}" for line in lines), "}", ""]
                continue
            group += ["{", *lines, "};"]
            if len(group) > GROUP * 4:
                close(number)
        close(len(facts))
        return "\n".join(out), outcomes
