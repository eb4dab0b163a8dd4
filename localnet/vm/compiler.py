"""Turns Move functions into Python functions, one for each combination of type arguments, when first called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localnet.vm.errors import NativeAbort, VmError
from localnet.vm.place import Place
from localnet.vm.translate import BASE_NAMES, Translator

if TYPE_CHECKING:
    from localnet.vm.limits import Limits
    from localnet.vm.loader import LinkedModule
    from localnet.vm.natives.registry import Registry
    from localnet.vm.types import Type

Compiled = Callable[..., Any]


class Compiler:
    """Keeps the compiled functions."""

    def __init__(self, limits: Limits, natives: Registry) -> None:
        """Compile with these natives."""
        self._limits = limits
        self._natives = natives
        self._compiled: dict[tuple[LinkedModule, int, tuple[Type, ...]], Compiled] = {}

    def callable(self, module: LinkedModule, index: int, args: tuple[Type, ...]) -> Compiled:
        """Return the compiled function: called with session, depth and arguments.

        Raises:
            LinkError: it names something that is not there.
        """
        key = (module, index, args)
        found = self._compiled.get(key)
        if found is None:
            if len(self._compiled) >= self._limits.compiled_functions_max:
                raise VmError("MEMORY_LIMIT_EXCEEDED", detail="too many functions with type arguments")
            definition, _, _ = module.definition(index)
            found = self._translated(module, index, args) if definition.code else self._wrapped(module, index, args)
            self._compiled[key] = found
        return found

    def source(self, module: LinkedModule, index: int, args: tuple[Type, ...]) -> str:
        """Return the Python source of a function, for people who debug."""
        return self._translator(module, index, args, dict(BASE_NAMES)).source()

    def _translated(self, module: LinkedModule, index: int, args: tuple[Type, ...]) -> Compiled:
        names = dict(BASE_NAMES)
        source = self._translator(module, index, args, names).source()
        title = f"<move {module.compiled.address.short}::{module.name}::{module.definition(index)[2]}>"
        exec(compile(source, title, "exec"), names)  # noqa: S102 - the source holds only numbers and names of ours
        function: Compiled = names["f"]
        return function

    def _translator(
        self, module: LinkedModule, index: int, args: tuple[Type, ...], names: dict[str, Any]
    ) -> Translator:
        def bind_call(
            callee: LinkedModule, callee_index: int, callee_args: tuple[Type, ...]
        ) -> tuple[str, Place | None]:
            name = f"F{len(names)}"
            definition, _, _ = callee.definition(callee_index)
            if definition.code is None:
                names[name] = self._native(callee, callee_index, callee_args)
                return name, _place(callee, callee_index)
            compiled = self._compiled.get((callee, callee_index, callee_args))
            names[name] = compiled or self._later(callee, callee_index, callee_args, names, name)
            return name, None

        return Translator(module, index, args, names=names, bind_call=bind_call, max_depth=self._limits.call_max_frames)

    def _later(
        self, module: LinkedModule, index: int, args: tuple[Type, ...], names: dict[str, Any], name: str
    ) -> Compiled:
        """Return a function that compiles the real one when it is called, and puts it into its own place."""

        def first_call(session: Any, depth: int, *values: Any) -> Any:
            function = names[name] = self.callable(module, index, args)
            return function(session, depth, *values)

        return first_call

    def _native(self, module: LinkedModule, index: int, args: tuple[Type, ...]) -> Compiled:
        _, _, name = module.definition(index)
        package = module.home.package
        return self._natives.get((package.original_id, module.name, name), module.loader, args)

    def _wrapped(self, module: LinkedModule, index: int, args: tuple[Type, ...]) -> Compiled:
        native, place = self._native(module, index, args), _place(module, index)

        def call(session: Any, _depth: int, *values: Any) -> Any:
            try:
                return native(session, *values)
            except NativeAbort as error:
                raise place.abort(0, error.code) from None

        return call


def _place(module: LinkedModule, index: int) -> Place:
    package = module.home.package
    return Place(package.storage_id, package.original_id, module.name, module.definition(index)[2], index)
