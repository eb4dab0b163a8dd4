"""`get-token`: kubectl's exec plugin, an ExecCredential with a fresh or cached grant.

Rules: kubectl runs this for every command, so the cached way imports only the standard library's small parts; the cache
is one file of mode 0600 for each cluster, token and delegate, and is used until shortly before the grant expires.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

LIFETIME_MS = 900_000
REFRESH_BEFORE_MS = 120_000
BACKDATED_MS = 60_000

_FLAGS = ("--home", "--chain-id", "--package", "--cluster", "--token", "--delegate", "--owner")
_KEYS = ("--cluster", "--token", "--delegate")


def cache_path(home: str, cluster: str, token: str, delegate: str) -> str:
    """The file of one cached grant."""
    return os.path.join(home, "cache", "grants", f"{cluster[2:18]}-{token[2:18]}-{delegate[2:18]}.json")  # noqa: PTH118 - pathlib costs 10 ms


def _arguments(arguments: list[str]) -> dict[str, str] | None:
    found = dict(zip(arguments[::2], arguments[1::2], strict=False))
    if len(arguments) != 2 * len(found) or set(found) - set(_FLAGS) or not set(_KEYS) | {"--home"} <= set(found):
        return None
    return found


def cached(arguments: list[str]) -> str | None:
    """The cached credential for exactly these arguments, None where a new grant is needed."""
    told = _arguments(arguments)
    if told is None:
        return None
    path = cache_path(told["--home"], *(told[name] for name in _KEYS))
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs 10 ms
            entry = json.load(file)
    except (OSError, ValueError):
        return None
    if not isinstance(entry, dict) or any(entry.get(name[2:]) != told[name] for name in _KEYS):
        return None
    expires_at = entry.get("expires_at")
    if not isinstance(expires_at, int) or time.time() * 1000 + REFRESH_BEFORE_MS > expires_at:
        return None
    return credential(str(entry["bearer"]), expires_at)


def credential(bearer: str, expires_at: int) -> str:
    """The ExecCredential that kubectl reads."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime((expires_at - REFRESH_BEFORE_MS) / 1000))
    return json.dumps(
        {
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": {"token": bearer, "expirationTimestamp": stamp},
        }
    )


def fresh(told: dict[str, str]) -> str:
    """Sign a new grant with the owner's key, cache it, and give the credential."""
    from pathlib import Path

    from chain.grants import SECRET_BYTES, GrantScope, make_bearer
    from cli.context import parse_id
    from cli.home import Home, write_whole
    from cli.keys import Keys
    from sui.types import Digest

    home = Home(Path(told["--home"]))
    key = Keys(home).find(told["--owner"])
    now = int(time.time() * 1000)
    scope = GrantScope(
        chain_id=bytes(Digest.parse(told["--chain-id"])),
        package=parse_id(told["--package"]),
        cluster=parse_id(told["--cluster"]),
        delegate=parse_id(told["--delegate"]),
    )
    bearer = make_bearer(
        scope,
        parse_id(told["--token"]),
        secret=os.urandom(SECRET_BYTES),
        not_before=now - BACKDATED_MS,
        expires_at=now + LIFETIME_MS,
        sign=key.sign,
    )
    entry: dict[str, Any] = {name[2:]: told[name] for name in _KEYS}
    entry |= {"expires_at": now + LIFETIME_MS, "bearer": bearer.text}
    path = Path(cache_path(told["--home"], *(told[name] for name in _KEYS)))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, json.dumps(entry), secret=True)
    return credential(bearer.text, now + LIFETIME_MS)


def _click_command() -> Any:
    import click

    @click.command("get-token")
    @click.option("--home", help="Folder of keys and cache; the environment's home by default.")
    @click.option("--chain-id", required=True, help="Digest of the chain's first checkpoint.")
    @click.option("--package", required=True, help="Original id of the contract's package.")
    @click.option("--cluster", required=True, help="Id of the cluster.")
    @click.option("--token", required=True, help="Id of the seal token.")
    @click.option("--delegate", required=True, help="Address of the enclave that may use the grant.")
    @click.option("--owner", required=True, help="Address or alias of the token's owner.")
    def get_token(home: str | None, **named: str) -> None:
        """Print an ExecCredential for kubectl; the kubeconfig calls this.

        Example: kubectl --kubeconfig .k3s-daas/kubeconfig get ns
        """
        from cli.home import default_home

        told = {f"--{name.replace('_', '-')}": value for name, value in named.items()}
        told["--home"] = home or str(default_home())
        flat = [part for name, value in told.items() for part in (name, value)]
        sys.stdout.write(cached(flat) or fresh(told))

    return get_token


def __getattr__(name: str) -> Any:
    """Make `command` only when it is asked for, so that the cached way never imports click."""
    if name == "command":
        return _click_command()
    raise AttributeError(name)
