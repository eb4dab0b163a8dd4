"""MovePackageService: the interface of published code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.rpc.calls import unary
from localnet.rpc.errors import InvalidArgumentError, NotFoundError
from localnet.rpc.render_package import PackageView
from sui.rpc.v2 import move_package_service_pb2 as pb
from sui.rpc.v2 import move_package_service_pb2_grpc
from sui.types import Address

if TYPE_CHECKING:
    from grpc.aio import ServicerContext

    from localnet.ledger import Ledger
    from localnet.rpc.limits import Limits
    from sui.rpc.v2 import object_pb2

_KEPT = 4_096
_MAX_TOKEN_DIGITS = 9


class PackageService(move_package_service_pb2_grpc.MovePackageServiceServicer):
    """Serves declarations; function signatures are kept, packages never change."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        """Serve this ledger."""
        self._ledger = ledger
        self._limits = limits
        self._functions: dict[tuple[str, str, str], object_pb2.FunctionDescriptor] = {}

    def _view(self, package_id: str) -> PackageView:
        return PackageView(self._ledger, Address.parse(package_id))

    @unary
    async def GetPackage(  # noqa: N802 - names of the protocol
        self, request: pb.GetPackageRequest, _context: ServicerContext[Any, Any]
    ) -> pb.GetPackageResponse:
        """Read a package."""
        return pb.GetPackageResponse(package=self._view(request.package_id).message())

    @unary
    async def GetDatatype(  # noqa: N802
        self, request: pb.GetDatatypeRequest, _context: ServicerContext[Any, Any]
    ) -> pb.GetDatatypeResponse:
        """Read a struct or enum."""
        found = self._view(request.package_id).datatype(request.module_name, request.name)
        return pb.GetDatatypeResponse(datatype=found)

    @unary
    async def GetFunction(  # noqa: N802
        self, request: pb.GetFunctionRequest, _context: ServicerContext[Any, Any]
    ) -> pb.GetFunctionResponse:
        """Read a function's signature."""
        key = (request.package_id, request.module_name, request.name)
        found = self._functions.get(key)
        if found is None:
            found = self._view(request.package_id).function(request.module_name, request.name)
            if len(self._functions) >= _KEPT:
                self._functions.clear()
            self._functions[key] = found
        return pb.GetFunctionResponse(function=found)

    @unary
    async def ListPackageVersions(  # noqa: N802
        self, request: pb.ListPackageVersionsRequest, _context: ServicerContext[Any, Any]
    ) -> pb.ListPackageVersionsResponse:
        """List the versions of a package; a page token is the number of versions that came before."""
        versions = self._ledger.package_versions(Address.parse(request.package_id))
        if not versions:
            raise NotFoundError(f"Package {request.package_id} not found")
        token = request.page_token
        if token and (not token.isdigit() or len(token) > _MAX_TOKEN_DIGITS):
            raise InvalidArgumentError("invalid page_token")
        start = int(token) if token else 0
        end = start + min(request.page_size or self._limits.default_page, self._limits.max_page)
        return pb.ListPackageVersionsResponse(
            versions=[
                pb.PackageVersion(package_id=str(item), version=version) for item, version in versions[start:end]
            ],
            next_page_token=str(end).encode() if end < len(versions) else None,
        )
