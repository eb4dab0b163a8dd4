"""What calls are made of: the package, shared and owned objects, and arguments of our own types.

Shared objects are named by `SharedRef` (id and initial shared version), owned ones by `ObjectRef`, and what an earlier
command made by its `Argument`; a parameter that may be either takes both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.payload import chunk
from sui.bcs import BYTES, STRING, U64, vector
from sui.transaction import ImmOrOwned, Shared
from sui.type_tag import StructTag, TypeTag
from sui.types import Address, ObjectRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.rules import Rule
    from sui.builder import ProgrammableBuilder
    from sui.transaction import Argument, Result

FRAMEWORK = Address.parse("0x2")
"""The package of the Sui framework."""

CHUNKS_TYPE = TypeTag.parse("vector<vector<u8>>")
"""The type of a payload or body in chunks."""

_BYTES_TYPE = TypeTag.parse("vector<u8>")
_STRINGS = vector(STRING)


@dataclass(frozen=True)
class SharedRef:
    """A shared object as a transaction names it."""

    object_id: Address
    initial_shared_version: int


@dataclass(frozen=True)
class Contract:
    """Which package is called, and under which id its types are known."""

    package: Address
    original: Address

    @classmethod
    def first(cls, package: Address) -> Contract:
        """The contract whose package was never upgraded."""
        return cls(package, package)


CLOCK = SharedRef(Address.parse("0x6"), 1)
"""The ledger's clock."""


def shared_argument(builder: ProgrammableBuilder, value: SharedRef | Argument, *, mutable: bool = False) -> Argument:
    """A shared object as an argument; the transaction writes it where `mutable`."""
    if isinstance(value, SharedRef):
        return builder.obj(Shared(value.object_id, value.initial_shared_version, mutable))
    return value


def owned_argument(builder: ProgrammableBuilder, value: ObjectRef | Argument) -> Argument:
    """An owned object as an argument."""
    return builder.obj(ImmOrOwned(value)) if isinstance(value, ObjectRef) else value


def chunks_argument(builder: ProgrammableBuilder, data: bytes | None) -> Argument:
    """A vector of chunks: one pure argument where it fits, else put together from one argument a chunk."""
    parts = chunk(data or b"")
    if len(parts) <= 1:
        return builder.pure(vector(BYTES).encode(parts))
    return builder.make_move_vec([builder.pure(BYTES.encode(part)) for part in parts], _BYTES_TYPE)


def rules_argument(builder: ProgrammableBuilder, contract: Contract, rules: Sequence[Rule]) -> Argument:
    """A vector of rules, each made by a command of its own."""
    made = [
        builder.move_call(
            contract.package,
            "rules",
            "new_rule",
            [
                builder.pure_value(STRING, rule.group),
                builder.pure_value(STRING, rule.resource),
                builder.pure_value(STRING, rule.subresource),
                builder.pure_value(STRING, rule.namespace),
                builder.pure_value(_STRINGS, rule.verbs),
            ],
        )
        for rule in rules
    ]
    return builder.make_move_vec(made, StructTag(contract.original, "rules", "Rule"))


def rule_texts_argument(builder: ProgrammableBuilder, rules: Sequence[Rule]) -> Argument:
    """Rules as one plain argument, in the texts that an entry function takes."""
    texts = tuple((rule.group, rule.resource, rule.subresource, rule.namespace, *rule.verbs) for rule in rules)
    return builder.pure_value(vector(_STRINGS), texts)


def call_by_cap(
    builder: ProgrammableBuilder,
    contract: Contract,
    function: str,
    cluster: SharedRef | Argument,
    cap: ObjectRef | Argument,
    *between: Argument,
) -> Result:
    """Call a function of `cluster` that takes the cluster to change, a Cap, what is between, and the Clock."""
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, cap),
        *between,
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "cluster", function, arguments)


def u64_arguments(builder: ProgrammableBuilder, *values: int) -> list[Argument]:
    """Numbers as arguments."""
    return [builder.pure_value(U64, value) for value in values]
