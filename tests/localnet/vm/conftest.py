"""The compiled framework and corpus, for tests that need the toolchain."""

from __future__ import annotations

import pytest

from localnet.vm import NativesConfig, Package, PackageMap, Session, TxContext, Vm
from sui.types import Address
from tests.localnet.vm import toolchain

SENDER = Address.parse("0xa11ce")
CORPUS_ID = Address.parse("0xc0de")


@pytest.fixture(scope="session")
def framework() -> PackageMap:
    if not toolchain.available():
        pytest.skip("the Move toolchain is not installed (make setup)")
    return toolchain.framework()


@pytest.fixture(scope="session")
def corpus(framework: PackageMap) -> Package:
    del framework
    return toolchain.package(toolchain.read_sources(toolchain.CORPUS / "basics"), CORPUS_ID)


@pytest.fixture(scope="session")
def vm(framework: PackageMap, corpus: Package) -> Vm:
    packages = PackageMap(framework.get(toolchain.STD), framework.get(toolchain.SUI), corpus)
    return Vm(packages)


@pytest.fixture
def session(vm: Vm) -> Session:
    return new_session(vm)


def new_session(vm: Vm, **options) -> Session:
    options.setdefault("tx_context", TxContext(SENDER, bytes(range(32)), epoch=3, epoch_timestamp_ms=77))
    options.setdefault("natives", NativesConfig())
    return Session(vm, **options)
