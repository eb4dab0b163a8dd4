"""Turns Move functions into Python functions, one for each combination of type arguments, when first called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localnet.vm.limits import Limits
from localnet.vm.loader import LinkedModule
from localnet.vm.types import Type


class Compiler:
    """Keeps the compiled functions."""

    def __init__(self, limits: Limits, natives: Any) -> None:
        self._limits = limits
        self._natives = natives

    def callable(self, module: LinkedModule, index: int, args: tuple[Type, ...]) -> Callable[..., Any]:
        """Return the compiled function."""
        raise NotImplementedError
