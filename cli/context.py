"""What a command works with: home, profile, ledger, contract, accounts.

Role: resolve names to ids, keys and connections, once; an error says what is missing and which command makes it.
"""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from chain.account import Account
from chain.bindings.abort import AbortTable, abort_table
from chain.bindings.arguments import Contract
from chain.cluster_file import ClusterFile, read_cluster_file
from chain.errors import ChainError
from chain.grpc_ledger import GrpcLedger
from cli.errors import CommandError
from cli.home import Home, Profile
from cli.keys import Keys, read_operator_key
from sui.errors import ParseError
from sui.types import Address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from chain.ledger import Abort, Ledger
    from sui.keys import Ed25519Key

CHECKOUT = Path(__file__).resolve().parent.parent
"""Where the program lies; in a checkout, what was built lies in `build/` there."""

COMPILED = CHECKOUT / "build" / "k3s_daas.json"
"""The compiled contract of a checkout."""


@dataclass
class Context:
    """One command's surroundings."""

    home: Home
    profile: Profile
    ledger: Ledger
    _words: AbortTable | None = field(default=None)

    @property
    def keys(self) -> Keys:
        """The home's keystore."""
        return Keys(self.home)

    @property
    def package(self) -> Address:
        """Our package's original id."""
        return self._id("package", "`k3s-daas contract publish` makes one, a cluster.json names one")

    @property
    def cluster(self) -> Address:
        """The cluster."""
        return self._id("cluster", "`k3s-daas cluster create` makes one, a cluster.json names one")

    @property
    def contract(self) -> Contract:
        """The package version that calls go to, and its original id."""
        return Contract(parse_id(self.profile.latest_package or str(self.package)), self.package)

    def _id(self, name: str, hint: str) -> Address:
        value = getattr(self.profile, name)
        if not value:
            raise CommandError(f"no {name} is known in {self.home.root}; {hint}")
        return parse_id(value)

    def admin_account(self) -> Account:
        """The account that holds the AdminCap."""
        return self.account(self._key_of("admin", "`k3s-daas cluster create` makes one"))

    @property
    def admin_cap(self) -> Address:
        """The AdminCap."""
        return self._id("admin_cap", "only the holder of the cluster's AdminCap can do this")

    @property
    def operator_cap(self) -> Address:
        """The OperatorCap."""
        return self._id("operator_cap", "only the holder of the cluster's OperatorCap can do this")

    def operator_account(self) -> Account:
        """The account that holds the OperatorCap."""
        return self.account(read_operator_key(self.home))

    def _key_of(self, role: str, hint: str) -> Ed25519Key:
        address = getattr(self.profile, role)
        if not address:
            raise CommandError(f"no {role} is known in {self.home.root}; {hint}")
        return self.keys.find(address)

    def account(self, key: Ed25519Key) -> Account:
        """An account that signs with a key."""
        return Account(self.ledger, key, words=self.words)

    async def load_words(self) -> None:
        """Get the words of the contract's aborts: from the checkout's build, else from the package on chain."""
        if self._words is not None:
            return
        try:
            if COMPILED.exists():
                modules = [base64.b64decode(text) for text in json.loads(COMPILED.read_text())["modules"]]
            elif self.profile.package:
                modules = list(await self.ledger.package_modules(self.contract.package))
            else:
                modules = []
            self._words = abort_table(modules)
        except (ChainError, ValueError, KeyError):
            self._words = AbortTable({})

    def words(self, abort: Abort) -> str:
        """An abort in the contract's own words, where they are known."""
        reason = self._words.reason(abort.module, abort.code) if self._words else None
        return f"{reason.words} ({reason.module}::{reason.name})" if reason else abort.description

    def cluster_file(self) -> ClusterFile:
        """The home's cluster file."""
        return read_cluster_file(self.home.cluster_file)


def parse_id(text: str) -> Address:
    """Read an id or address that a person gave.

    Raises:
        CommandError: it is none.
    """
    try:
        return Address.parse(text)
    except ParseError as error:
        raise CommandError(f"{text!r} is not an id or address (0x and up to 64 hex digits)") from error


def merged_profile(home: Home, cluster_path: Path | None = None) -> Profile:
    """The profile, completed from the cluster file where there is one; a named cluster file comes first."""
    profile = home.profile()
    path = cluster_path or home.cluster_file
    if cluster_path is None and not path.exists():
        return profile
    file = read_cluster_file(path)
    told = {
        "ledger": file.ledger,
        "ledger_ca": file.ledger_ca,
        "chain_id": str(file.chain_id),
        "package": str(file.package),
        "latest_package": str(file.call_package),
        "cluster": str(file.cluster),
        "gateway": file.gateway,
        "attestation": file.attestation,
    }
    named = cluster_path is not None
    values = {name: value for name, value in told.items() if value and (named or not getattr(profile, name))}
    return Profile(**{**profile.__dict__, **values})


@asynccontextmanager
async def open_context(
    ledger: str | None = None, *, home: Home | None = None, cluster_path: Path | None = None
) -> AsyncIterator[Context]:
    """Open the ledger that the flags, the profile or the cluster file name.

    Raises:
        CommandError: none is named.
    """
    home = home or Home.here()
    profile = merged_profile(home, cluster_path)
    target = ledger or profile.ledger
    if not target:
        raise CommandError(
            f"no ledger is known in {home.root}; start one with `k3s-daas up`, or name one with --ledger HOST:PORT"
        )
    opened = GrpcLedger.connect(target, ca=profile.ledger_ca)
    context = Context(home, profile, opened)
    try:
        await context.load_words()
        yield context
    finally:
        await opened.close()
