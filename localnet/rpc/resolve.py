"""From a transaction in parts to TransactionData, filling in what a node fills in.

Rules:
    * an object that is named by its id alone becomes what it is now: owned at its newest version, shared at its
      initial version and mutable where a command needs it so;
    * who pays is the sender unless it is said; price 0, budget 0 and no coins are left to the ledger's simulation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.rpc.errors import InvalidArgumentError, NotFoundError
from localnet.rpc.render_package import PackageView
from sui import transaction as tx
from sui.type_tag import TypeTag
from sui.types import Address, Digest, ObjectRef, SharedOwner

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from google.protobuf.timestamp_pb2 import Timestamp

    from localnet.ledger import Ledger
    from sui.rpc.v2 import common_pb2
    from sui.rpc.v2 import transaction_pb2 as pb

_ZERO = Address(bytes(32))


def _argument(value: pb.Argument) -> tx.Argument:
    kinds = type(value).ArgumentKind
    if value.kind == kinds.GAS:
        return tx.GAS_COIN
    if value.kind == kinds.INPUT:
        return tx.Input(value.input)
    if value.kind == kinds.RESULT:
        return (
            tx.NestedResult(value.result, value.subresult) if value.HasField("subresult") else tx.Result(value.result)
        )
    raise InvalidArgumentError("invalid argument: its kind is missing")


def _arguments(values: Iterable[pb.Argument]) -> tuple[tx.Argument, ...]:
    return tuple(_argument(value) for value in values)


def _addresses(values: Iterable[str]) -> tuple[Address, ...]:
    return tuple(Address.parse(value) for value in values)


def _command(value: pb.Command) -> tx.Command:
    match value.WhichOneof("command"):
        case "move_call":
            call = value.move_call
            return tx.MoveCall(
                Address.parse(call.package),
                call.module,
                call.function,
                tuple(TypeTag.parse(text) for text in call.type_arguments),
                _arguments(call.arguments),
            )
        case "transfer_objects":
            return tx.TransferObjects(
                _arguments(value.transfer_objects.objects), _argument(value.transfer_objects.address)
            )
        case "split_coins":
            return tx.SplitCoins(_argument(value.split_coins.coin), _arguments(value.split_coins.amounts))
        case "merge_coins":
            return tx.MergeCoins(_argument(value.merge_coins.coin), _arguments(value.merge_coins.coins_to_merge))
        case "publish":
            return tx.Publish(tuple(value.publish.modules), _addresses(value.publish.dependencies))
        case "make_move_vector":
            vector = value.make_move_vector
            element = TypeTag.parse(vector.element_type) if vector.element_type else None
            return tx.MakeMoveVec(element, _arguments(vector.elements))
        case "upgrade":
            return tx.Upgrade(
                tuple(value.upgrade.modules),
                _addresses(value.upgrade.dependencies),
                Address.parse(value.upgrade.package),
                _argument(value.upgrade.ticket),
            )
        case _:
            raise InvalidArgumentError("invalid command: it is empty")


def _reads_only(ledger: Ledger, command: tx.Command, place: int) -> bool:
    """Return whether a command takes its argument at `place` by immutable reference."""
    if not isinstance(command, tx.MoveCall):
        return False
    try:
        found = PackageView(ledger, command.package).function_abi(command.module, command.function)
    except NotFoundError:
        return False
    return found is not None and place < len(found.parameters) and found.parameters[place].kind == "ref"


def _needs_mutable(ledger: Ledger, commands: Sequence[tx.Command], index: int) -> bool:
    wanted = tx.Input(index)
    for command in commands:
        if isinstance(command, tx.MoveCall):
            used = [place for place, value in enumerate(command.arguments) if value == wanted]
        else:
            used = [0] if wanted in _operands(command) else []
        if any(not _reads_only(ledger, command, place) for place in used):
            return True
    return False


def _operands(command: tx.Command) -> tuple[tx.Argument, ...]:
    match command:
        case tx.TransferObjects():
            return (*command.objects, command.address)
        case tx.SplitCoins():
            return (command.coin, *command.amounts)
        case tx.MergeCoins():
            return (command.destination, *command.sources)
        case tx.MakeMoveVec():
            return command.elements
        case tx.Upgrade():
            return (command.ticket,)
        case _:
            return ()


def _object(ledger: Ledger, value: pb.Input, commands: Sequence[tx.Command], index: int) -> tx.ObjectArg:
    kinds = type(value).InputKind
    object_id = Address.parse(value.object_id)
    record = None
    if not value.HasField("version") or (value.kind != kinds.SHARED and not value.HasField("digest")):
        record = ledger.get_object(object_id, value.version if value.version and value.kind != kinds.SHARED else None)
        if record is None:
            raise NotFoundError(f"Object {object_id} not found")
    owner = None if record is None else record.object.owner
    if value.kind == kinds.SHARED or isinstance(owner, SharedOwner):
        version = owner.initial_shared_version if isinstance(owner, SharedOwner) else value.version
        if value.HasField("mutability"):
            mutable = value.mutability == type(value).MUTABLE
        elif value.HasField("mutable"):
            mutable = value.mutable
        else:
            mutable = _needs_mutable(ledger, commands, index)
        return tx.Shared(object_id, version, mutable)
    ref = ObjectRef(object_id, value.version, Digest.parse(value.digest)) if record is None else record.ref
    return tx.Receiving(ref) if value.kind == kinds.RECEIVING else tx.ImmOrOwned(ref)


def _input(ledger: Ledger, value: pb.Input, commands: Sequence[tx.Command], index: int) -> tx.CallArg:
    if value.HasField("object_id"):
        return tx.Object(_object(ledger, value, commands, index))
    if value.HasField("pure") or value.kind == type(value).PURE:
        return tx.Pure(value.pure)
    raise InvalidArgumentError(f"invalid input {index}: it is neither a pure value nor an object")


def _reference(ledger: Ledger, value: common_pb2.ObjectReference) -> ObjectRef:
    object_id = Address.parse(value.object_id)
    if value.HasField("version") and value.HasField("digest"):
        return ObjectRef(object_id, value.version, Digest.parse(value.digest))
    record = ledger.get_object(object_id)
    if record is None:
        raise NotFoundError(f"Object {object_id} not found")
    return record.ref


def _milliseconds(value: Timestamp) -> int:
    if value.seconds < 0 or not 0 <= value.nanos < 1_000_000_000:
        raise InvalidArgumentError("invalid timestamp: it lies before 1970 or has too many nanoseconds")
    return value.seconds * 1000 + value.nanos // 1_000_000


def _expiration(value: pb.TransactionExpiration) -> tx.TransactionExpiration:
    kinds = type(value).TransactionExpirationKind
    if value.kind in {kinds.TRANSACTION_EXPIRATION_KIND_UNKNOWN, kinds.NONE}:
        return tx.NO_EXPIRATION
    if value.kind == kinds.EPOCH:
        return tx.EpochExpiration(value.epoch)
    if value.kind == kinds.VALID_DURING:
        return tx.ValidDuring(
            min_epoch=value.min_epoch if value.HasField("min_epoch") else None,
            max_epoch=value.epoch if value.HasField("epoch") else None,
            min_timestamp=_milliseconds(value.min_timestamp) if value.HasField("min_timestamp") else None,
            max_timestamp=_milliseconds(value.max_timestamp) if value.HasField("max_timestamp") else None,
            chain=Digest.parse(value.chain),
            nonce=value.nonce,
        )
    raise InvalidArgumentError("invalid expiration: this ledger does not know its kind")


def transaction_data(ledger: Ledger, value: pb.Transaction) -> tx.TransactionData:
    """Return the transaction of a message, from its BCS where it has some, else from its parts.

    Raises:
        InvalidArgumentError: a part is missing or makes no sense.
        NotFoundError: an object that is named by its id does not exist.
        SuiError: bytes or a text in it cannot be read.
    """
    if value.HasField("bcs"):
        return tx.TRANSACTION_DATA.decode(value.bcs.value)
    if value.kind.WhichOneof("data") != "programmable_transaction":
        raise InvalidArgumentError("invalid transaction: neither bcs nor a programmable transaction is given")
    parts = value.kind.programmable_transaction
    commands = tuple(_command(item) for item in parts.commands)
    inputs = tuple(_input(ledger, item, commands, index) for index, item in enumerate(parts.inputs))
    sender = Address.parse(value.sender) if value.HasField("sender") else _ZERO
    payment = value.gas_payment
    gas = tx.GasData(
        tuple(_reference(ledger, item) for item in payment.objects),
        Address.parse(payment.owner) if payment.HasField("owner") else sender,
        payment.price,
        payment.budget,
    )
    kind = tx.ProgrammableTransaction(inputs, commands)
    return tx.TransactionData(kind, sender, gas, _expiration(value.expiration))
