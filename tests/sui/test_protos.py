"""Our `sui.rpc.v2` messages: the generated classes are current, and the wire is the one that pysui speaks."""

import dataclasses
import importlib
import subprocess
import sys
from pathlib import Path

import betterproto2
import pysui.sui.sui_grpc.suimsgs.sui.rpc.v2 as oracle
import pytest
from google.protobuf.descriptor import FieldDescriptor

ROOT = Path(__file__).resolve().parents[2]
PROTOS = sorted((ROOT / "sui" / "rpc" / "v2").glob("*.proto"))
MODULES = [importlib.import_module(f"sui.rpc.v2.{path.stem}_pb2") for path in PROTOS]
MESSAGES = {name: item for module in MODULES for name, item in module.DESCRIPTOR.message_types_by_name.items()}
SERVICES = {name: item for module in MODULES for name, item in module.DESCRIPTOR.services_by_name.items()}
TYPES = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_MESSAGE: "message",
    FieldDescriptor.TYPE_ENUM: "enum",
}


@pytest.mark.slow
def test_generated_classes_are_current(tmp_path):
    subprocess.run([sys.executable, ROOT / "tools" / "generate_protos.py", "--out", tmp_path], check=True)
    fresh = {path.name: path.read_bytes() for path in (tmp_path / "sui/rpc/v2").iterdir()}
    committed = {path.name: path.read_bytes() for path in PROTOS[0].parent.glob("*_pb2*") if path.is_file()}
    assert fresh == committed


def _oracle_fields(name):
    return {field.name: field.metadata["betterproto"] for field in dataclasses.fields(getattr(oracle, name))}


@pytest.mark.parametrize("name", sorted(set(MESSAGES) - {"RpcStatus"}))
def test_fields_agree_with_an_independent_client(name):
    theirs = _oracle_fields(name)
    for field in MESSAGES[name].fields:
        other = theirs[field.name]
        assert other.number == field.number
        if other.map_meta:
            assert field.message_type.GetOptions().map_entry
            continue
        assert TYPES[field.type] == other.proto_type
        assert field.is_repeated == bool(other.repeated)
        if other.group:
            assert field.containing_oneof.name == other.group


def _enums():
    for module in MODULES:
        yield from module.DESCRIPTOR.enum_types_by_name.items()
    for name, message in MESSAGES.items():
        for short, item in message.enum_types_by_name.items():
            yield name + short, item


@pytest.mark.parametrize(("name", "descriptor"), list(_enums()))
def test_enums_agree_with_an_independent_client(name, descriptor):
    theirs = {member.value: member.name for member in getattr(oracle, name)}
    ours = {value.number: value.name for value in descriptor.values}
    assert ours.keys() == theirs.keys()
    for number, value in ours.items():
        assert value.endswith(theirs[number])


def test_services_agree_with_an_independent_client():
    source = Path(oracle.__file__).read_text()
    assert set(SERVICES) == {
        "LedgerService",
        "StateService",
        "TransactionExecutionService",
        "MovePackageService",
        "SubscriptionService",
        "SignatureVerificationService",
    }
    for name, service in SERVICES.items():
        for method in service.methods:
            assert f'"/sui.rpc.v2.{name}/{method.name}"' in source
        assert {method.name for method in service.methods} == {
            line.split("/")[-1].rstrip('",') for line in source.splitlines() if f'"/sui.rpc.v2.{name}/' in line
        }


def test_bytes_of_one_are_read_by_the_other():
    effects = importlib.import_module("sui.rpc.v2.effects_pb2")
    ours = effects.ExecutedTransaction(digest="abc", checkpoint=(1 << 64) - 1)
    ours.transaction.bcs.value = b"\1\2"
    ours.effects.status.success = False
    ours.effects.status.error.abort.abort_code = 7
    ours.events.events.add(package_id="0x2", event_index=0).json.struct_value["k"] = "v"
    ours.timestamp.FromMilliseconds(1_700_000_000_123)
    theirs = oracle.ExecutedTransaction.parse(ours.SerializeToString())
    assert isinstance(theirs, betterproto2.Message)
    assert theirs.checkpoint == (1 << 64) - 1
    assert theirs.effects.status.error.abort.abort_code == 7
    assert theirs.events.events[0].event_index == 0
    assert effects.ExecutedTransaction.FromString(bytes(theirs)) == ours
