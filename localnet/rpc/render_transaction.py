"""TransactionData as a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.rpc.render_common import bcs, reference, timestamp
from sui.rpc.v2 import transaction_pb2 as pb
from sui.system import (
    ConsensusCommitPrologue,
    ConsensusCommitPrologueV2,
    ConsensusCommitPrologueV3,
    ConsensusCommitPrologueV4,
    Genesis,
)
from sui.transaction import (
    Argument,
    CallArg,
    Command,
    EpochExpiration,
    GasCoin,
    GasData,
    ImmOrOwned,
    Input,
    MakeMoveVec,
    MergeCoins,
    MoveCall,
    NestedResult,
    NoExpiration,
    ProgrammableTransaction,
    Publish,
    Pure,
    Receiving,
    Result,
    Shared,
    SplitCoins,
    TransactionData,
    TransactionExpiration,
    TransactionKind,
    TransferObjects,
    Upgrade,
    ValidDuring,
)

if TYPE_CHECKING:
    from localnet.rpc.masks import Mask

_PROLOGUES = {
    ConsensusCommitPrologue: pb.TransactionKind.CONSENSUS_COMMIT_PROLOGUE_V1,
    ConsensusCommitPrologueV2: pb.TransactionKind.CONSENSUS_COMMIT_PROLOGUE_V2,
    ConsensusCommitPrologueV3: pb.TransactionKind.CONSENSUS_COMMIT_PROLOGUE_V3,
    ConsensusCommitPrologueV4: pb.TransactionKind.CONSENSUS_COMMIT_PROLOGUE_V4,
}


def argument(value: Argument) -> pb.Argument:
    """Return a value that a command uses."""
    kinds = pb.Argument.ArgumentKind
    match value:
        case GasCoin():
            return pb.Argument(kind=kinds.GAS)
        case Input():
            return pb.Argument(kind=kinds.INPUT, input=value.index)
        case Result():
            return pb.Argument(kind=kinds.RESULT, result=value.index)
        case NestedResult():
            return pb.Argument(kind=kinds.RESULT, result=value.index, subresult=value.result_index)


def command(value: Command) -> pb.Command:
    """Return a command."""
    match value:
        case MoveCall():
            return pb.Command(
                move_call=pb.MoveCall(
                    package=str(value.package),
                    module=value.module,
                    function=value.function,
                    type_arguments=[str(tag) for tag in value.type_arguments],
                    arguments=[argument(item) for item in value.arguments],
                )
            )
        case TransferObjects():
            return pb.Command(
                transfer_objects=pb.TransferObjects(
                    objects=[argument(item) for item in value.objects], address=argument(value.address)
                )
            )
        case SplitCoins():
            return pb.Command(
                split_coins=pb.SplitCoins(coin=argument(value.coin), amounts=[argument(item) for item in value.amounts])
            )
        case MergeCoins():
            return pb.Command(
                merge_coins=pb.MergeCoins(
                    coin=argument(value.destination), coins_to_merge=[argument(item) for item in value.sources]
                )
            )
        case Publish():
            return pb.Command(
                publish=pb.Publish(modules=value.modules, dependencies=[str(item) for item in value.dependencies])
            )
        case MakeMoveVec():
            return pb.Command(
                make_move_vector=pb.MakeMoveVector(
                    element_type=None if value.element_type is None else str(value.element_type),
                    elements=[argument(item) for item in value.elements],
                )
            )
        case Upgrade():
            return pb.Command(
                upgrade=pb.Upgrade(
                    modules=value.modules,
                    dependencies=[str(item) for item in value.dependencies],
                    package=str(value.package),
                    ticket=argument(value.ticket),
                )
            )


def call_arg(value: CallArg) -> pb.Input:
    """Return an input."""
    kinds = pb.Input.InputKind
    if isinstance(value, Pure):
        return pb.Input(kind=kinds.PURE, pure=value.value)
    match value.arg:
        case Shared() as shared:
            return pb.Input(
                kind=kinds.SHARED,
                object_id=str(shared.object_id),
                version=shared.initial_shared_version,
                mutable=shared.mutable,
                mutability=pb.Input.MUTABLE if shared.mutable else pb.Input.IMMUTABLE,
            )
        case ImmOrOwned(ref) | Receiving(ref):
            return pb.Input(
                kind=kinds.RECEIVING if isinstance(value.arg, Receiving) else kinds.IMMUTABLE_OR_OWNED,
                object_id=str(ref.object_id),
                version=ref.version,
                digest=str(ref.digest),
            )


def kind(value: TransactionKind) -> pb.TransactionKind:
    """Return what a transaction does; of system transactions only those that this ledger makes have their parts."""
    kinds = pb.TransactionKind.Kind
    match value:
        case ProgrammableTransaction():
            return pb.TransactionKind(
                kind=kinds.PROGRAMMABLE_TRANSACTION,
                programmable_transaction=pb.ProgrammableTransaction(
                    inputs=[call_arg(item) for item in value.inputs],
                    commands=[command(item) for item in value.commands],
                ),
            )
        case Genesis():
            return pb.TransactionKind(kind=kinds.GENESIS)
        case (
            ConsensusCommitPrologue()
            | ConsensusCommitPrologueV2()
            | ConsensusCommitPrologueV3()
            | ConsensusCommitPrologueV4()
        ):
            prologue = pb.ConsensusCommitPrologue(
                epoch=value.epoch, round=value.round, commit_timestamp=timestamp(value.commit_timestamp_ms)
            )
            if not isinstance(value, ConsensusCommitPrologue):
                prologue.consensus_commit_digest = str(value.consensus_commit_digest)
            if isinstance(value, ConsensusCommitPrologueV4):
                prologue.additional_state_digest = str(value.additional_state_digest)
            return pb.TransactionKind(kind=_PROLOGUES[type(value)], consensus_commit_prologue=prologue)
        case _:
            return pb.TransactionKind()


def gas_payment(value: GasData) -> pb.GasPayment:
    """Return who pays."""
    return pb.GasPayment(
        objects=[reference(item) for item in value.payment],
        owner=str(value.owner),
        price=value.price,
        budget=value.budget,
    )


def expiration(value: TransactionExpiration) -> pb.TransactionExpiration:
    """Return until when a transaction may run."""
    kinds = pb.TransactionExpiration.TransactionExpirationKind
    match value:
        case NoExpiration():
            return pb.TransactionExpiration(kind=kinds.NONE)
        case EpochExpiration():
            return pb.TransactionExpiration(kind=kinds.EPOCH, epoch=value.epoch)
        case ValidDuring():
            return pb.TransactionExpiration(
                kind=kinds.VALID_DURING,
                epoch=value.max_epoch,
                min_epoch=value.min_epoch,
                min_timestamp=None if value.min_timestamp is None else timestamp(value.min_timestamp),
                max_timestamp=None if value.max_timestamp is None else timestamp(value.max_timestamp),
                chain=str(value.chain),
                nonce=value.nonce,
            )


def transaction(value: TransactionData, raw: bytes, digest: str, mask: Mask) -> pb.Transaction:
    """Return a transaction, as much of it as is wanted."""
    out = pb.Transaction()
    if "bcs" in mask:
        out.bcs.CopyFrom(bcs("TransactionData", raw))
    if "digest" in mask:
        out.digest = digest
    if "version" in mask:
        out.version = 1
    if "kind" in mask:
        out.kind.CopyFrom(kind(value.kind))
    if "sender" in mask:
        out.sender = str(value.sender)
    if "gas_payment" in mask:
        out.gas_payment.CopyFrom(gas_payment(value.gas_data))
    if "expiration" in mask:
        out.expiration.CopyFrom(expiration(value.expiration))
    return out
