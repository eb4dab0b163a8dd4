"""SignatureVerificationService: checks of user signatures over transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.rpc.calls import unary
from localnet.rpc.errors import UnimplementedError
from sui.errors import KeyFormatError, SignatureError
from sui.keys import verify_user_signature
from sui.rpc.v2 import signature_verification_service_pb2 as pb
from sui.rpc.v2 import signature_verification_service_pb2_grpc
from sui.transaction import TRANSACTION_DATA
from sui.types import Address

if TYPE_CHECKING:
    from grpc.aio import ServicerContext


class SignatureService(signature_verification_service_pb2_grpc.SignatureVerificationServiceServicer):
    """Serves checks; it needs no ledger."""

    @unary
    async def VerifySignature(  # noqa: N802 - names of the protocol
        self, request: pb.VerifySignatureRequest, _context: ServicerContext[Any, Any]
    ) -> pb.VerifySignatureResponse:
        """Check a user signature over the BCS of a TransactionData."""
        if request.message.name not in {"TransactionData", ""}:
            raise UnimplementedError(f"signatures over {request.message.name[:100]!r} are not checked here")
        TRANSACTION_DATA.decode(request.message.value)
        try:
            signer = verify_user_signature(request.signature.bcs.value, request.message.value)
        except (SignatureError, KeyFormatError) as error:
            return pb.VerifySignatureResponse(is_valid=False, reason=str(error))
        if request.HasField("address") and Address.parse(request.address) != signer:
            return pb.VerifySignatureResponse(is_valid=False, reason=f"the signer is {signer}")
        return pb.VerifySignatureResponse(is_valid=True)
