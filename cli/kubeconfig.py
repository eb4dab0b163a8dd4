"""`kubeconfig`: written only after the enclave behind it proved who it is."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from chain.cluster_file import read_cluster_file
from cli.attested import attested_enclave
from cli.context import Context, open_context, parse_id
from cli.errors import CommandError
from cli.home import write_whole
from cli.output import emit, json_option, run_async
from cli.token_state import live_tokens, read_token
from cli.upgrade_lock import warn_if_unlocked

if TYPE_CHECKING:
    from chain.cluster_file import ClusterFile
    from cli.attested import Attested

TLS_SERVER_NAME = "enclave.k3s-daas"
"""The name in the enclave's certificate, wherever it is reached."""


@click.command()
@click.option("--cluster-file", type=click.Path(path_type=Path), help="Another cluster.json.")
@click.option("--server", help="URL under which kubectl reaches the enclave, where it is not the cluster file's.")
@click.option("--token", help="Id of the seal token; the newest one whose owner's key is here by default.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write; the home's `kubeconfig` by default.")
@json_option
def command(
    cluster_file: Path | None, server: str | None, token: str | None, out: Path | None, *, as_json: bool
) -> None:
    """Verify the enclave's fresh attestation and its registration, then write a kubeconfig without any secret.

    Example: k3s-daas kubeconfig --token 0x1234...
    """

    async def _work() -> dict[str, Any]:
        async with open_context(cluster_path=cluster_file) as context:
            return await write_kubeconfig(context, token=token, server=server, out=out, cluster_path=cluster_file)

    emit(run_async(_work()), as_json=as_json)


async def write_kubeconfig(
    context: Context,
    *,
    token: str | None = None,
    server: str | None = None,
    out: Path | None = None,
    cluster_path: Path | None = None,
) -> dict[str, Any]:
    """Verify, then write; nothing is written where a step does not hold.

    Raises:
        CommandError: the enclave is not the approved one, or the token is not usable here.
    """
    file = trusted_file(context, cluster_path)
    await warn_if_unlocked(context)
    attested = await attested_enclave(context, file)
    chosen = await chosen_token(context, token)
    place = out or context.home.kubeconfig
    text = yaml.safe_dump(_kubeconfig(context, file, attested, chosen, server), sort_keys=False)
    write_whole(place, text, secret=True)
    return {
        "kubeconfig": str(place),
        "enclave": str(attested.enclave.id),
        "token": chosen["token"],
        "server": server_of(file, server),
    }


def trusted_file(context: Context, cluster_path: Path | None) -> ClusterFile:
    """The cluster file as it is, never renewed from a node here; where the enclave runs, with the profile's ports."""
    if cluster_path is not None:
        return read_cluster_file(cluster_path)
    file, profile = context.cluster_file(), context.profile
    return replace(file, gateway=profile.gateway or file.gateway, attestation=profile.attestation or file.attestation)


async def chosen_token(context: Context, token: str | None) -> dict[str, str]:
    """The named token, or the newest one whose owner's key is here, with its owner.

    Raises:
        CommandError: there is none, or its owner's key is not here.
    """
    if token is not None:
        found = await read_token(context, parse_id(token))
        if not context.keys.has(found.owner):
            raise CommandError(f"the key of the token's owner {found.owner} is not here; import it with `key import`")
        return {"token": str(found.id), "owner": str(found.owner)}
    for each in reversed(await live_tokens(context)):
        if not each.revoked and context.keys.has(each.owner):
            return {"token": str(each.token), "owner": str(each.owner)}
    raise CommandError("no token of this cluster belongs to a key that is here; `k3s-daas token create` issues one")


def server_of(file: ClusterFile, server: str | None) -> str:
    """The URL of the enclave's gateway.

    Raises:
        CommandError: nobody names one.
    """
    place = server or file.gateway
    if not place:
        raise CommandError("cluster.json names no gateway; name one with --server https://HOST:PORT")
    return place if "://" in place else f"https://{place}"


def _program() -> str:
    """How kubectl starts this program: by its full path where it is known."""
    installed = Path(sys.executable).with_name("k3s-daas")
    if installed.exists():
        return str(installed)
    return shutil.which("k3s-daas") or "k3s-daas"


def _kubeconfig(
    context: Context, file: ClusterFile, attested: Attested, token: dict[str, str], server: str | None
) -> dict[str, Any]:
    import base64

    arguments = {
        "--home": str(context.home.root),
        "--chain-id": str(file.chain_id),
        "--package": str(file.package),
        "--cluster": str(file.cluster),
        "--token": token["token"],
        "--delegate": str(attested.enclave.address),
        "--owner": token["owner"],
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "k3s-daas",
        "clusters": [
            {
                "name": "k3s-daas",
                "cluster": {
                    "server": server_of(file, server),
                    "tls-server-name": TLS_SERVER_NAME,
                    "certificate-authority-data": base64.b64encode(attested.ca_pem.encode()).decode(),
                },
            }
        ],
        "contexts": [{"name": "k3s-daas", "context": {"cluster": "k3s-daas", "user": "k3s-daas"}}],
        "users": [
            {
                "name": "k3s-daas",
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1",
                        "command": _program(),
                        "args": ["get-token", *(part for pair in arguments.items() for part in pair)],
                        "interactiveMode": "Never",
                        "provideClusterInfo": False,
                    }
                },
            }
        ],
    }
