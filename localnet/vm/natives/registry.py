"""Where natives are looked up, and how one is written.

    @plain("0x2", "hash", "blake2b256")
    def blake2b256(session, data): ...            # called with the session and the values

    @generic("0x1", "bcs", "to_bytes")
    def to_bytes(loader, types): ...              # called once per type arguments, returns such a function

An argument is a value as in `localnet.vm.values`: `&vector<u8>` is the bytearray itself, `&u64` the number, `&mut u64`
a pair (container, index). A result is a fresh value, several are a tuple. `NativeAbort(code)` aborts.
What is not registered exists for the linker, and fails as "not supported here" when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from localnet.vm.errors import VmError
from sui.types import Address

if TYPE_CHECKING:
    from localnet.vm.loader import Loader
    from localnet.vm.types import Type

Native: TypeAlias = Callable[..., Any]
Factory: TypeAlias = "Callable[[Loader, tuple[Type, ...]], Native]"
Key: TypeAlias = tuple[Address, str, str]
F = TypeVar("F", bound=Callable[..., Any])

_REGISTERED: dict[Key, Any] = {}


class Registry:
    """All natives by original package id, module and function."""

    def __init__(self, factories: dict[Key, Any]) -> None:
        """Hold these factories."""
        self._factories = factories

    def get(self, key: Key, loader: Loader, types: tuple[Type, ...]) -> Native:
        """Return the native for these type arguments; one that fails when called if there is none."""
        factory = self._factories.get(key)
        if factory is None:
            return _unsupported(key)
        native: Native = factory(loader, types)
        return native

    def names(self) -> list[str]:
        """Return what is registered, for the table in the tests."""
        return sorted(f"{address.short}::{module}::{name}" for address, module, name in self._factories)


def _unsupported(key: Key) -> Native:
    def fail(*_: Any) -> Any:
        address, module, name = key
        raise VmError("MISSING_DEPENDENCY", detail=f"native {address.short}::{module}::{name} is not supported here")

    return fail


def generic(address: str, module: str, name: str) -> Callable[[F], F]:
    """Register a factory that gets the type arguments."""

    def register(factory: F) -> F:
        _REGISTERED[Address.parse(address), module, name] = factory
        return factory

    return register


def plain(address: str, module: str, name: str) -> Callable[[F], F]:
    """Register a native that needs no type arguments."""

    def register(native: F) -> F:
        def factory(_loader: Loader, _types: tuple[Type, ...]) -> Native:
            return native

        _REGISTERED[Address.parse(address), module, name] = factory
        return native

    return register


def registered() -> Registry:
    """Return all that was registered so far."""
    return Registry(dict(_REGISTERED))
