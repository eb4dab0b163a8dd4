"""StateService: what is owned now, dynamic fields, balances and coin types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.rpc.calls import unary
from localnet.rpc.dynamic_fields import dynamic_field
from localnet.rpc.errors import InvalidArgumentError, NotFoundError
from localnet.rpc.masks import read_mask
from localnet.rpc.render_json import plain
from localnet.rpc.render_object import object_message
from sui.object import MoveObject
from sui.rpc.v2 import object_pb2, state_service_pb2_grpc
from sui.rpc.v2 import state_service_pb2 as pb
from sui.type_tag import SUI_FRAMEWORK, StructTag
from sui.types import Address

if TYPE_CHECKING:
    from grpc.aio import ServicerContext

    from localnet.ledger import Balance, Ledger, ObjectRecord
    from localnet.rpc.limits import Limits

OWNED_DEFAULT = ("object_id", "version", "object_type")
FIELD_DEFAULT = ("parent", "field_id")


def _balance(value: Balance) -> pb.Balance:
    return pb.Balance(coin_type=str(value.coin_type), balance=value.total, coin_balance=value.coins, address_balance=0)


def _coin_type(text: str) -> StructTag:
    if not text:
        raise InvalidArgumentError("coin_type is missing")
    return StructTag.parse(text)


class StateService(state_service_pb2_grpc.StateServiceServicer):
    """Serves the ledger's present state."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        """Serve this ledger."""
        self._ledger = ledger
        self._limits = limits

    def _page_size(self, wanted: int) -> int:
        return min(wanted or self._limits.default_page, self._limits.max_page)

    @unary
    async def ListOwnedObjects(  # noqa: N802 - names of the protocol
        self, request: pb.ListOwnedObjectsRequest, _context: ServicerContext[Any, Any]
    ) -> pb.ListOwnedObjectsResponse:
        """List the objects of an address."""
        mask = read_mask(object_pb2.Object.DESCRIPTOR, request.read_mask, OWNED_DEFAULT)
        page = self._ledger.owned_objects(
            Address.parse(request.owner),
            object_type=StructTag.parse(request.object_type) if request.object_type else None,
            limit=self._page_size(request.page_size),
            after=request.page_token or None,
        )
        return pb.ListOwnedObjectsResponse(
            objects=[object_message(self._ledger, record, mask) for record in page.items],
            next_page_token=page.next,
        )

    @unary
    async def ListDynamicFields(  # noqa: N802
        self, request: pb.ListDynamicFieldsRequest, _context: ServicerContext[Any, Any]
    ) -> pb.ListDynamicFieldsResponse:
        """List the fields of an object."""
        mask = read_mask(pb.DynamicField.DESCRIPTOR, request.read_mask, FIELD_DEFAULT)
        parent = Address.parse(request.parent)
        page = self._ledger.list_dynamic_fields(
            parent, limit=self._page_size(request.page_size), after=request.page_token or None
        )
        return pb.ListDynamicFieldsResponse(
            dynamic_fields=[dynamic_field(self._ledger, parent, record, mask) for record in page.items],
            next_page_token=page.next,
        )

    @unary
    async def GetBalance(  # noqa: N802
        self, request: pb.GetBalanceRequest, _context: ServicerContext[Any, Any]
    ) -> pb.GetBalanceResponse:
        """Read how much of one coin type an address has."""
        found = self._ledger.balance(Address.parse(request.owner), _coin_type(request.coin_type))
        return pb.GetBalanceResponse(balance=_balance(found))

    @unary
    async def ListBalances(  # noqa: N802
        self, request: pb.ListBalancesRequest, _context: ServicerContext[Any, Any]
    ) -> pb.ListBalancesResponse:
        """Read how much of every coin type an address has; a page token is the type that the last page ended with."""
        found = sorted(self._ledger.balances(Address.parse(request.owner)), key=lambda item: str(item.coin_type))
        if request.page_token:
            found = [item for item in found if str(item.coin_type).encode() > request.page_token]
        size = self._page_size(request.page_size)
        shown = found[:size]
        return pb.ListBalancesResponse(
            balances=[_balance(item) for item in shown],
            next_page_token=str(shown[-1].coin_type).encode() if len(found) > size else None,
        )

    def _coin_object(self, name: str, coin_type: StructTag) -> ObjectRecord | None:
        return self._ledger.coin_objects_of_type(StructTag(SUI_FRAMEWORK, "coin", name, (coin_type,)))

    def _fields(self, record: ObjectRecord) -> dict[str, Any]:
        data = record.object.data
        if not isinstance(data, MoveObject):
            return {}
        kind = self._ledger.vm.type_of(data.tag)
        shown = plain(kind, kind.deserialize(data.contents))
        return shown if isinstance(shown, dict) else {}

    @unary
    async def GetCoinInfo(  # noqa: N802
        self, request: pb.GetCoinInfoRequest, _context: ServicerContext[Any, Any]
    ) -> pb.GetCoinInfoResponse:
        """Read what a coin type is."""
        coin_type = _coin_type(request.coin_type)
        metadata = self._coin_object("CoinMetadata", coin_type)
        treasury = self._coin_object("TreasuryCap", coin_type)
        if metadata is None and treasury is None:
            raise NotFoundError(f"Coin type {coin_type} not found")
        answer = pb.GetCoinInfoResponse(coin_type=str(coin_type))
        if metadata is not None:
            fields = self._fields(metadata)
            answer.metadata.CopyFrom(
                pb.CoinMetadata(
                    id=str(metadata.ref.object_id),
                    decimals=fields.get("decimals"),
                    name=fields.get("name"),
                    symbol=fields.get("symbol"),
                    description=fields.get("description"),
                    icon_url=fields.get("icon_url"),
                )
            )
        if treasury is not None:
            supply = self._fields(treasury).get("total_supply")
            answer.treasury.id = str(treasury.ref.object_id)
            if isinstance(supply, dict):
                answer.treasury.total_supply = int(supply.get("value", 0))
        return answer
