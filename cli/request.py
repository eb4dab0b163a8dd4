"""`request expire`, `request receipt`: end what nobody answered, and give receipts back for their storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.bindings.objects import RECEIPT, REQUEST, Receipt, object_type
from chain.errors import NotFoundError
from cli.context import Context, open_context, parse_id
from cli.errors import CommandError
from cli.output import clock, emit, json_option, print_table, run_async
from cli.transact import Act, act_options, run
from sui.builder import ProgrammableBuilder
from sui.errors import BcsError
from sui.types import AddressOwner

if TYPE_CHECKING:
    from chain.bindings.objects import Request
    from sui.types import Address


@click.group()
def group() -> None:
    """One request, and receipts.

    Example: k3s-daas request expire 0x1234...
    """


@group.command()
@click.argument("request_id", metavar="ID")
@click.option("--sender", help="Who pays: an alias or address; the requester where his key is here, else the admin.")
@act_options
def expire(request_id: str, sender: str | None, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """End a request that was not answered in time; its storage rebate goes to the sender.

    The requester can, once no answer is possible any more; anybody 10 minutes later. A deposit for a receipt goes back
    to the requester. Expired means that there is no answer, not that nothing was done.

    Example: k3s-daas request expire 0x1234...
    """

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            found = await _read_request(context, parse_id(request_id))
            requester = str(found.terms.sender) if context.has_key(found.terms.sender) else None
            account = context.payer(sender or requester)
            builder = ProgrammableBuilder()
            calls.expire_request(builder, context.contract, await account.shared(found.id))
            done = await run(context, account, builder, Act(as_json, dry_run, yes))
            if done is None:
                return None
            return {
                "digest": str(done.digest),
                "request_id": str(found.id),
                "requester": str(found.terms.sender),
                "deposit": found.deposit,
                "gas": done.gas.net,
            }

    told = run_async(_work())
    if told is not None:
        emit(told, as_json=as_json)


async def _read_request(context: Context, request_id: Address) -> Request:
    try:
        return REQUEST.decode((await context.ledger.get_object(request_id)).contents)
    except NotFoundError as error:
        raise CommandError(
            f"no request {request_id} waits on this ledger: it was answered or expired (`k3s-daas requests` shows it),"
            " or there never was one"
        ) from error
    except BcsError as error:
        raise CommandError(f"{request_id} is no request; `k3s-daas requests` shows them") from error


@group.group()
def receipt() -> None:
    """Receipts: answers as objects, for those who paid a deposit for one.

    Example: k3s-daas request receipt list
    """


@receipt.command("list")
@json_option
def list_receipts(*, as_json: bool) -> None:
    """List the receipts of this home's keys.

    Example: k3s-daas request receipt list
    """

    async def _work() -> list[dict[str, Any]]:
        async with open_context() as context:
            kind = str(object_type(context.package, "receipt", "Receipt"))
            return [
                _receipt_json(RECEIPT.decode(found.contents), str(key.address))
                for key in context.all_keys()
                for found in await context.ledger.owned_objects(key.address, kind)
            ]

    told = run_async(_work())

    def human() -> None:
        rows = [(t["receipt"], t["request_id"], t["status"], clock(t["stored_at"]), t["owner"]) for t in told]
        print_table(("RECEIPT", "REQUEST", "STATUS", "STORED", "OWNER"), rows, empty="no receipts")

    emit(told, as_json=as_json, human=human)


@receipt.command("delete")
@click.argument("receipt_id", metavar="RECEIPT")
@act_options
def delete_receipt(receipt_id: str, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Delete RECEIPT; its storage rebate goes to its owner. The answer stays in the chain's events.

    Example: k3s-daas request receipt delete 0x1234... --yes
    """

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            found = await context.ledger.get_object(parse_id(receipt_id))
            if str(found.type) != str(object_type(context.package, "receipt", "Receipt")):
                raise CommandError(f"{receipt_id} is no receipt; `k3s-daas request receipt list` shows them")
            if not isinstance(found.owner, AddressOwner) or not context.has_key(found.owner.address):
                raise CommandError(f"receipt {receipt_id} belongs to somebody whose key is not in {context.home.root}")
            account = context.account(context.find_key(str(found.owner.address)))
            builder = ProgrammableBuilder()
            calls.delete_receipt(builder, context.contract, found.ref)
            asks = f"Delete receipt {receipt_id}?"
            done = await run(context, account, builder, Act(as_json, dry_run, yes), asks=asks)
            if done is None:
                return None
            return {"receipt": receipt_id, "digest": str(done.digest), "rebate": done.gas.rebate, "gas": done.gas.net}

    told = run_async(_work())
    if told is not None:
        emit(told, as_json=as_json)


def _receipt_json(found: Receipt, owner: str) -> dict[str, Any]:
    return {
        "receipt": str(found.id),
        "owner": owner,
        "request_id": str(found.request_id),
        "enclave": str(found.enclave),
        "sequence": found.sequence,
        "status": found.status,
        "body_hash": found.body_hash.hex(),
        "executed_at": found.executed_at,
        "stored_at": found.stored_at,
        "signature": found.signature.hex(),
    }
