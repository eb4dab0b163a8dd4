"""What clients are told of packages in several versions, and of upgrades that fail."""

from __future__ import annotations

import grpc
import pytest

from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.digests import upgrade_digest
from sui.effects import IdCreated, PackageWrite
from sui.object import MoveObject
from sui.rpc.v2 import effects_pb2
from sui.rpc.v2 import ledger_service_pb2 as ledger_pb
from sui.rpc.v2 import move_package_service_pb2 as pb
from sui.transaction import ImmOrOwned
from sui.type_tag import SUI_FRAMEWORK
from sui.types import Digest
from tests.localnet.ledger.upgrade_world import COMPATIBLE, FRAMEWORK, VERSION_1, VERSION_2, compile_sources

from .conftest import request_of

pytestmark = pytest.mark.toolchain


def new_package(done):
    return next(item.object_id for item in done.effects.changed_objects if isinstance(item.output_state, PackageWrite))


def upgrade(world, code, digest=None):
    """A transaction that upgrades the package of `two_versions`."""
    builder = ProgrammableBuilder()
    cap = builder.obj(ImmOrOwned(world.ledger.get_object(world.cap).ref))
    wanted = upgrade_digest(code, FRAMEWORK) if digest is None else digest
    given = [cap, builder.pure_value(bcs.U8, COMPATIBLE), builder.pure_value(bcs.BYTES, bytes(wanted))]
    ticket = builder.move_call(SUI_FRAMEWORK, "package", "authorize_upgrade", given)
    receipt = builder.upgrade(code, FRAMEWORK, world.versions[-1], ticket)
    builder.move_call(SUI_FRAMEWORK, "package", "commit_upgrade", [cap, receipt])
    return builder


@pytest.fixture
def two_versions(served):
    """A package in two versions; `versions` are their ids."""
    builder = ProgrammableBuilder()
    cap = builder.publish(compile_sources(VERSION_1), FRAMEWORK)
    builder.transfer_objects([cap], builder.pure(served.address))
    done = served.run(builder)
    served.versions = [new_package(done)]
    created = [each.object_id for each in done.effects.changed_objects if isinstance(each.id_operation, IdCreated)]
    records = [served.ledger.get_object(each) for each in created]
    served.cap = next(
        record.ref.object_id
        for record in records
        if isinstance(record.object.data, MoveObject) and record.object.data.tag.name == "UpgradeCap"
    )
    served.versions.append(new_package(served.run(upgrade(served, compile_sources(VERSION_2)))))
    return served


async def test_versions_are_listed_by_any_of_their_ids(two_versions, stubs):
    for asked in two_versions.versions:
        answer = await stubs.packages.ListPackageVersions(pb.ListPackageVersionsRequest(package_id=str(asked)))
        assert [(each.package_id, each.version) for each in answer.versions] == [
            (str(two_versions.versions[0]), 1),
            (str(two_versions.versions[1]), 2),
        ]


async def test_a_version_and_its_links(two_versions, stubs):
    first, second = map(str, two_versions.versions)
    package = (await stubs.packages.GetPackage(pb.GetPackageRequest(package_id=second))).package
    assert (package.storage_id, package.original_id, package.version) == (second, first, 2)
    origins = {each.datatype_name: each.package_id for each in package.type_origins}
    assert (origins["Said"], origins["Late"]) == (first, second)
    [module] = package.modules
    defined = {each.name: each.defining_id for each in module.datatypes}
    assert (defined["Said"], defined["Late"]) == (first, second)
    before = (await stubs.packages.GetPackage(pb.GetPackageRequest(package_id=first))).package
    assert (before.original_id, before.version) == (first, 1)


async def test_declarations_of_each_version(two_versions, stubs):
    first, second = map(str, two_versions.versions)

    async def function(package, name):
        request = pb.GetFunctionRequest(package_id=package, module_name="pkg", name=name)
        return (await stubs.packages.GetFunction(request)).function

    async def datatype(package, name):
        request = pb.GetDatatypeRequest(package_id=package, module_name="pkg", name=name)
        return (await stubs.packages.GetDatatype(request)).datatype

    assert (len((await function(first, "secret")).parameters), len((await function(second, "secret")).parameters)) == (
        1,
        2,
    )
    assert (await function(second, "make")).returns[0].body.type_name == f"{first}::pkg::Thing"
    assert (await function(second, "make_late")).returns[0].body.type_name == f"{second}::pkg::LateThing"
    said = await datatype(second, "Said")
    assert (said.type_name, said.defining_id) == (f"{first}::pkg::Said", first)
    late = await datatype(second, "Late")
    assert (late.type_name, late.defining_id) == (f"{second}::pkg::Late", second)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await datatype(first, "Late")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_an_upgraded_package_as_an_object(two_versions, stubs):
    request = ledger_pb.GetObjectRequest(object_id=str(two_versions.versions[1]))
    request.read_mask.paths.extend(["version", "package"])
    answer = (await stubs.ledger.GetObject(request)).object
    assert (answer.version, answer.package.version) == (2, 2)
    assert answer.package.original_id == str(two_versions.versions[0])


async def test_a_refused_upgrade_in_words(two_versions, stubs):
    code = compile_sources(VERSION_2)
    raw, signature = two_versions.sign(upgrade(two_versions, code, bytes(32)))
    answer = await stubs.execution.ExecuteTransaction(request_of(raw, signature, mask=["effects.status"]))
    error = answer.transaction.effects.status.error
    assert (error.kind, error.command) == (effects_pb2.ExecutionError.PACKAGE_UPGRADE_ERROR, 1)
    refused = error.package_upgrade_error
    assert refused.kind == effects_pb2.PackageUpgradeError.DIGEST_DOES_NOT_MATCH
    assert Digest.parse(refused.digest) == upgrade_digest(code, FRAMEWORK)
    raw, signature = two_versions.sign(upgrade(two_versions, compile_sources(VERSION_1)))
    answer = await stubs.execution.ExecuteTransaction(request_of(raw, signature, mask=["effects.status"]))
    refused = answer.transaction.effects.status.error.package_upgrade_error
    assert refused.kind == effects_pb2.PackageUpgradeError.INCOMPATIBLE_UPGRADE
