"""What a command works with: home, profile, ledger, contract, accounts.

Role: resolve names to ids, keys and connections, once; an error says what is missing and which command makes it.
"""

from __future__ import annotations

import base64
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from chain.account import Account
from chain.bindings.abort import AbortTable, abort_table
from chain.bindings.arguments import Contract
from chain.bindings.cluster_object import CLUSTER
from chain.cluster_file import ClusterFile, read_cluster_file
from chain.errors import ChainError
from chain.grpc_ledger import GrpcLedger
from cli.errors import CommandError
from cli.home import Home, Profile
from cli.keys import Keys, read_operator_key
from sui.errors import BcsError, ParseError
from sui.types import Address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from chain.ledger import Abort, Ledger
    from sui.keys import Ed25519Key

CHECKOUT = Path(__file__).resolve().parent.parent
"""Where the program lies; in a checkout, what was built lies in `build/` there."""

PACKAGE_FIELDS = ("package", "latest_package", "packages", "upgrade_cap", "upgrade_right", "lock")
"""What a profile knows of one package; of one that was published beside the cluster's, it stands in `aside`."""

COMPILED = CHECKOUT / "build" / "k3s_daas.json"
"""The compiled contract of a checkout."""


@dataclass
class Context:
    """One command's surroundings."""

    home: Home
    profile: Profile
    ledger: Ledger
    warned: bool = False
    aside: bool = False
    _words: AbortTable | None = field(default=None)
    _code: Address | None = field(default=None)

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
        return Contract(self._code or parse_id(self.profile.latest_package or str(self.package)), self.package)

    def _id(self, name: str, hint: str) -> Address:
        value = getattr(self.profile, name)
        if not value:
            raise CommandError(f"no {name} is known in {self.home.root}; {hint}")
        return parse_id(value)

    def admin_account(self) -> Account:
        """The account that this home publishes and administers with; it pays where nobody else is named."""
        return self.account(self._key_of("admin", "`k3s-daas cluster create` makes one"))

    def _key_of(self, role: str, hint: str) -> Ed25519Key:
        address = getattr(self.profile, role)
        if not address:
            raise CommandError(f"no {role} is known in {self.home.root}; {hint}")
        return self.keys.find(address)

    def all_keys(self) -> list[Ed25519Key]:
        """Every key of this home, the operator's too."""
        own = [read_operator_key(self.home)] if self.home.operator_key.exists() else []
        return [*self.keys.all(), *own]

    def has_key(self, address: Address) -> bool:
        """Whether a key of this address is here."""
        return any(key.address == address for key in self.all_keys())

    def find_key(self, who: str) -> Ed25519Key:
        """A key of this home by its alias or address; `operator` is the operator's own.

        Raises:
            CommandError: there is none.
        """
        for key in self.all_keys():
            if str(key.address) == who:
                return key
        if who == "operator" and who not in self.keys.aliases().values():
            return read_operator_key(self.home)
        return self.keys.find(who)

    def payer(self, sender: str | None) -> Account:
        """Who pays for what anybody may do: whoever is named, else this home's admin, else its first key.

        Raises:
            CommandError: there is no key here.
        """
        if sender is not None:
            return self.account(self.find_key(sender))
        if self.profile.admin and self.keys.has(self.profile.admin):
            return self.admin_account()
        keys = self.all_keys()
        if not keys:
            raise CommandError(f"no key is in {self.home.root} to pay with; `k3s-daas key create` makes one")
        return self.account(keys[0])

    async def now(self) -> int:
        """The ledger's time; an idle local ledger's newest checkpoint may be old, and its machine is this one."""
        return max((await self.ledger.service_info()).timestamp_ms, int(time.time() * 1000))

    def known_packages(self) -> set[str]:
        """The versions of our package that this home trusts to call: published, upgraded to, or told by a file."""
        profile = self.profile
        return {profile.package, profile.latest_package, *profile.packages.split()} - {""}

    def trust_package(self, code: Address) -> None:
        """Remember a version of our package that this home may call once its cluster works with it."""
        self.remember(packages=" ".join(sorted(self.known_packages() | {str(code)})))

    def remember(self, **changes: str) -> None:
        """Write what was found or done into this home's profile."""
        self.profile = replace(self.profile, **changes)
        if self.aside:
            others = {name: value for name, value in changes.items() if name not in PACKAGE_FIELDS}
            of_package = {name: getattr(self.profile, name) for name in PACKAGE_FIELDS}
            changes = others | {"aside": json.dumps(of_package)}
        self.home.update(**changes)

    def work_aside(self, known: dict[str, str] | None = None) -> None:
        """Work with a package beside the cluster's: the one that was published last, or one that is given."""
        of_package = json.loads(self.profile.aside) if known is None else known
        self.profile = replace(self.profile, **{name: str(of_package.get(name, "")) for name in PACKAGE_FIELDS})
        self.aside, self._code = True, None

    async def load_code(self) -> None:
        """Find the version that the cluster works with among those that this home trusts, where there are several.

        A node's word alone never names the package that a transaction of ours calls.
        """
        known = self.known_packages()
        if len(known) < 2 or not self.profile.cluster:
            return
        [found] = await self.ledger.get_objects([self.cluster])
        if found is None:
            return
        try:
            code = CLUSTER.decode(found.contents).code_at(await self.now())
        except BcsError:
            return
        if str(code) in known:
            self._code = code

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
    merged = replace(profile, **values)
    if merged.package != profile.package and profile.package:
        # Another contract than this home's own: what is known of the latter says nothing about it.
        merged = replace(merged, packages="", lock="", upgrade_right="", upgrade_cap="", admin_cap="")
    if merged.package == str(file.package):
        merged = replace(merged, packages=f"{merged.packages} {file.call_package}".strip())
    return merged


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
        await context.load_code()
        yield context
    finally:
        await opened.close()


@asynccontextmanager
async def open_contract(*, of_cluster: bool = False) -> AsyncIterator[Context]:
    """Open what `contract` commands work with: the package that was published last, else the cluster's."""
    async with open_context() as context:
        if context.profile.aside and not of_cluster:
            context.work_aside()
        yield context
