"""Which versions of our package speak for the contract.

Role: the original id, and every id that a state of our own cluster has named as its code, now or pending.

Rules: an event that tells such a state may itself come from a package which that state names, because a new version is
announced by its own code, and a gateway that begins after an upgrade learns of it by nothing else; every other event
must come from a package that is known already. The original never goes; of the others the oldest does when there are
too many.

What this believes, and what a lying node could do with it, stands in docs/adr/0017.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from chain.bindings.events import ClusterChanged, EnclaveActivated
from chain.limits import LIMITS, Limits
from sui.types import Address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chain.bindings.state import ClusterState


class KnownPackages(AbstractSet[Address]):
    """The ids of the package versions that one cluster works or worked with."""

    def __init__(self, original: Address, cluster: Address, *told: Address, limits: Limits = LIMITS) -> None:
        """Know the original id, and what a trusted file told beside it."""
        self._original = original
        self._cluster = cluster
        self._limits = limits
        self._ids: OrderedDict[Address, None] = OrderedDict.fromkeys((original, *told))

    def learn(self, state: ClusterState) -> None:
        """Take in the versions that a state of our cluster names; other clusters' are passed over."""
        if state.cluster != self._cluster or state.package != self._original:
            return
        for code in codes_of(state):
            self._ids[code] = None
            if code != self._original:
                self._ids.move_to_end(code)
        while len(self._ids) > self._limits.package_versions + 1:
            del self._ids[next(each for each in self._ids if each != self._original)]

    def speaking(self, event: object) -> AbstractSet[Address]:
        """The packages that may have emitted an event: the known ones, and what it names itself if it may."""
        if not isinstance(event, ClusterChanged | EnclaveActivated):
            return self
        state = event.state
        if state.cluster != self._cluster or state.package != self._original:
            return self
        return frozenset({*self._ids, *codes_of(state)})

    def __contains__(self, package: object) -> bool:
        """Whether a package is known."""
        return package in self._ids

    def __iter__(self) -> Iterator[Address]:
        """All of them, the original and then the longest known first."""
        return iter(tuple(self._ids))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._ids)


def codes_of(state: ClusterState) -> tuple[Address, ...]:
    """The package ids that a state names: what the cluster works with, and what it will work with."""
    pending = state.pending_version
    return (state.code,) if pending is None else (state.code, pending.code)
