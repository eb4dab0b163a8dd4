"""The checks of a transaction that need no look-up: its bytes, its signatures, its counts and sizes, its expiration.

The words of the errors are Sui's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.ledger.errors import MalformedTransaction, SignatureRejected, TransactionExpired, UserInputError
from sui.errors import BcsError, KeyFormatError, SignatureError
from sui.keys import verify_user_signature
from sui.transaction import (
    TRANSACTION_DATA,
    EpochExpiration,
    MakeMoveVec,
    MergeCoins,
    MoveCall,
    ProgrammableTransaction,
    Publish,
    Pure,
    SplitCoins,
    TransactionData,
    TransferObjects,
    Upgrade,
    ValidDuring,
)
from sui.type_tag import StructTag, TypeTag, VectorTag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localnet.ledger.limits import ProtocolLimits
    from sui.transaction import Command
    from sui.types import Address, Digest


def decode(transaction: bytes, limits: ProtocolLimits) -> TransactionData:
    """Return the TransactionData of which these bytes are the BCS.

    Raises:
        MalformedTransaction: they are not canonical BCS of one.
        UserInputError: they are too many.
    """
    if len(transaction) > limits.max_tx_size_bytes:
        raise UserInputError(
            "Size limit exceeded: serialized transaction size exceeded maximum of "
            f"{limits.max_tx_size_bytes} is {len(transaction)}"
        )
    try:
        return TRANSACTION_DATA.decode(transaction)
    except BcsError as error:
        raise MalformedTransaction(f"unable to deserialize TransactionData: {error}") from error


def check_signatures(data: TransactionData, transaction: bytes, signatures: Sequence[bytes]) -> None:
    """Check that exactly the sender, and the gas owner if he is another, signed these bytes.

    Raises:
        SignatureRejected: a signature is missing, of somebody else, wrong, or of a scheme that is not supported.
    """
    required = {data.sender, data.gas_data.owner}
    if len(signatures) != len(required):
        raise SignatureRejected(f"Expect {len(required)} signer signatures but got {len(signatures)}.")
    signers: set[Address] = set()
    for signature in signatures:
        try:
            signers.add(verify_user_signature(signature, transaction))
        except (SignatureError, KeyFormatError) as error:
            raise SignatureRejected(f"Signature is not valid: {error}") from error
    for signer in sorted(required - signers):
        raise SignatureRejected(f"Required Signature from {signer} is absent.")


def check_form(
    data: TransactionData, limits: ProtocolLimits, *, epoch: int, chain_id: Digest
) -> ProgrammableTransaction:
    """Check everything that needs no look-up, and return the programmable transaction.

    Raises:
        MalformedTransaction: only the system sends this kind.
        TransactionExpired: its time is over, or has not come, or it is for another chain.
        UserInputError: a count or size exceeds its limit, or something that must not be empty is.
    """
    kind = data.kind
    if not isinstance(kind, ProgrammableTransaction):
        raise MalformedTransaction("System Transaction not accepted")
    match data.expiration:
        case EpochExpiration(last) if last < epoch:
            raise TransactionExpired("Transaction Expired")
        case ValidDuring() as during:
            too_late = during.max_epoch is not None and during.max_epoch < epoch
            too_early = during.min_epoch is not None and during.min_epoch > epoch
            if too_late or too_early or during.chain != chain_id:
                raise TransactionExpired("Transaction Expired")
        case _:
            pass
    if len(kind.commands) > limits.max_programmable_tx_commands:
        raise limit_exceeded("maximum commands in a programmable transaction", limits.max_programmable_tx_commands)
    for argument in kind.inputs:
        if isinstance(argument, Pure) and len(argument.value) >= limits.max_pure_argument_size_bytes:
            raise limit_exceeded("maximum pure argument size", limits.max_pure_argument_size_bytes)
    published = sum(isinstance(command, Publish | Upgrade) for command in kind.commands)
    most = limits.max_publish_or_upgrade_per_ptb
    if published > most:
        raise UserInputError(f"{most} max publish/upgrade commands allowed, {published} provided")
    for command in kind.commands:
        _check_command(command, limits)
    return kind


def limit_exceeded(what: str, value: int) -> UserInputError:
    """Return the error of something that is larger than its limit."""
    return UserInputError(f"Size limit exceeded: {what} is {value}")


def _empty() -> UserInputError:
    return UserInputError(
        "TransferObjects, MergeCoin, and Publish cannot have empty arguments. "
        "If MakeMoveVec has empty arguments, it must have a type specified"
    )


def _check_command(command: Command, limits: ProtocolLimits) -> None:
    count = 0
    match command:
        case MoveCall():
            if len(command.type_arguments) > limits.max_type_arguments:
                raise limit_exceeded("maximum type arguments in a call transaction", limits.max_type_arguments)
            for tag in command.type_arguments:
                _check_type(tag, 1, limits)
            if len(command.arguments) > limits.max_arguments:
                raise limit_exceeded("maximum arguments in a move call", limits.max_arguments)
        case TransferObjects():
            count = len(command.objects)
        case SplitCoins():
            count = len(command.amounts)
        case MergeCoins():
            count = len(command.sources)
        case MakeMoveVec():
            count = len(command.elements) or (command.element_type is not None)
            if command.element_type is not None:
                _check_type(command.element_type, 1, limits)
        case Publish() | Upgrade():
            count = len(command.modules)
            if count > limits.max_modules_in_publish:
                raise limit_exceeded(
                    "maximum modules in a programmable transaction publish command", limits.max_modules_in_publish
                )
            if len(command.dependencies) > limits.max_package_dependencies:
                raise limit_exceeded("maximum package dependencies", limits.max_package_dependencies)
    if not count and not isinstance(command, MoveCall):
        raise _empty()
    if count > limits.max_arguments:
        raise limit_exceeded("maximum arguments in a programmable transaction command", limits.max_arguments)


def _check_type(tag: TypeTag, depth: int, limits: ProtocolLimits) -> None:
    if depth > limits.max_type_argument_depth:
        raise limit_exceeded("maximum type argument depth in a call transaction", limits.max_type_argument_depth)
    if isinstance(tag, VectorTag):
        _check_type(tag.element, depth + 1, limits)
    elif isinstance(tag, StructTag):
        for parameter in tag.type_params:
            _check_type(parameter, depth + 1, limits)
