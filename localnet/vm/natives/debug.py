"""`std::debug`: prints go to the ledger's callback, or nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.natives.registry import Native, generic, plain

if TYPE_CHECKING:
    from localnet.vm.loader import Loader
    from localnet.vm.session import Session
    from localnet.vm.types import Type
    from localnet.vm.values import Value


@generic("0x1", "debug", "print")
def debug_print(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Show a value's type and BCS."""
    kind = types[0]

    def native(session: Session, value: Value) -> None:
        if session.config.debug_print is not None:
            session.config.debug_print(f"{kind} {kind.serialize(value).hex()}")

    return native


@plain("0x1", "debug", "print_stack_trace")
def print_stack_trace(session: Session) -> None:
    """Do nothing but say so."""
    if session.config.debug_print is not None:
        session.config.debug_print("stack traces are not kept here")
