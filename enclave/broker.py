"""The key broker process: it owns the NSM, the HPKE private key and the key of the enclave's CA.

It opens sealed requests for the executor, issues the gateway's leaf, and asks the device for attestation documents;
no key ever leaves it. It runs once a boot: when it ends, the enclave reboots with other keys.

Methods: `identity` {} gives {public_key, address, hpke_key, ca_der, manifest}; `attest` {nonce} gives {document};
`open` {sealed, info} gives {plaintext}; `issue_leaf` {csr_der} gives {chain_pem}.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from attestation.errors import NsmError
from attestation.nsm import NsmClient
from attestation.nsm_device import transport_to
from chain.errors import ChainError
from chain.sealing import HPKE_SEED_BYTES, HpkePrivateKey
from chain.statements import MANIFEST, MANIFEST_DOMAIN, Manifest
from enclave import logs, params
from enclave.authority import CertificateAuthority
from enclave.custody_limits import LIMITS, CustodyLimits
from enclave.errors import KeyRefused, SignatureRefused
from enclave.parameters import read_parameters
from enclave.places import Places, Uid, allowed_uids
from enclave.seeds import SOURCE_BYTES, mixed_seed
from sui.types import Address
from wire.errors import IpcError
from wire.ipc import Client, Handler, Peer, Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from enclave.parameters import BootParameters

_log = structlog.get_logger()
_CA_SEED_BYTES = 48


class KeyBroker:
    """The keys and the device, behind the methods of the socket."""

    def __init__(
        self,
        nsm: NsmClient,
        parameters: BootParameters,
        *,
        public_key: bytes,
        address: Address,
        kernel_random: Callable[[int], bytes] = os.urandom,
        limits: CustodyLimits = LIMITS,
    ) -> None:
        """Make the keys of this boot and the manifest that binds them."""
        self._nsm = nsm
        self._turn = asyncio.Lock()
        self._limits = limits
        self._public_key = public_key

        def seed(purpose: str, length: int) -> bytes:
            return mixed_seed(purpose, length, nsm=nsm.random(SOURCE_BYTES), kernel=kernel_random(SOURCE_BYTES))

        self._hpke = HpkePrivateKey(seed("hpke", HPKE_SEED_BYTES))
        self._authority = CertificateAuthority(seed("ca", _CA_SEED_BYTES))
        self.manifest = Manifest(
            domain=MANIFEST_DOMAIN,
            address=address,
            public_key=public_key,
            hpke_key=self._hpke.public.raw,
            tls_ca_hash=hashlib.sha256(self._authority.der).digest(),
            cluster=parameters.cluster,
            package=parameters.package,
            chain_id=parameters.chain_id,
            configuration=parameters.configuration.hash,
        )

    def handlers(self) -> dict[str, Handler]:
        """The methods of the socket."""
        return {"identity": self._identity, "attest": self._attest, "open": self._open, "issue_leaf": self._issue}

    @staticmethod
    def allowed() -> dict[str, frozenset[int]]:
        """Who may call what."""
        return {"open": allowed_uids(Uid.EXECUTOR), "issue_leaf": allowed_uids(Uid.GATEWAY)}

    async def _identity(self, _: Peer, __: Any) -> dict[str, Any]:
        return {
            "public_key": self._public_key,
            "address": bytes(self.manifest.address),
            "hpke_key": self.manifest.hpke_key,
            "ca_der": self._authority.der,
            "manifest": MANIFEST.encode(self.manifest),
        }

    async def _attest(self, _: Peer, raw: Any) -> dict[str, Any]:
        nonce = _read(raw, "nonce")
        least, most = self._limits.nonce_bytes
        if not least <= len(nonce) <= most:
            raise IpcError("bad-request", f"a nonce has {least} to {most} bytes")
        try:
            async with self._turn:
                document = await asyncio.to_thread(
                    self._nsm.attest, user_data=self.manifest.user_data, nonce=nonce, public_key=self._public_key
                )
        except NsmError as error:
            raise IpcError("nsm", str(error)) from None
        return {"document": document}

    async def _open(self, _: Peer, raw: Any) -> dict[str, Any]:
        sealed, info = _read(raw, "sealed"), _read(raw, "info")
        if len(sealed) > self._limits.sealed_bytes or len(info) > self._limits.info_bytes:
            raise IpcError("too-large", "the sealed request or its context is longer than one may be")
        try:
            return {"plaintext": self._hpke.open(sealed, info)}
        except ChainError as error:
            raise IpcError("cannot-open", str(error)) from None

    async def _issue(self, _: Peer, raw: Any) -> dict[str, Any]:
        try:
            return {"chain_pem": self._authority.issue(_read(raw, "csr_der"))}
        except KeyRefused as error:
            raise IpcError("bad-request", str(error)) from None


def _read(raw: Any, name: str) -> bytes:
    try:
        return params.fields(raw).bytes(name)
    except SignatureRefused as error:
        raise IpcError(error.code, error.message) from None


async def serve(places: Places, nsm: NsmClient) -> None:
    """Make the keys and answer until cancelled."""
    client = Client(places.signer)
    identity = await client.call("identity")
    await client.close()
    broker = KeyBroker(
        nsm,
        read_parameters(places.parameters),
        public_key=identity["public_key"],
        address=Address(identity["address"]),
    )

    def report(method: str, error: BaseException) -> None:
        """Log a call that failed for a reason of ours, without its text."""
        _log.error("call-failed", method=method, error=type(error).__name__)

    async with Server(places.broker, broker.handlers(), allowed=broker.allowed(), report=report) as server:
        _log.info("ready", address=str(broker.manifest.address))
        await server.serve()


def main() -> None:
    """Run the process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nsm", type=Path, required=True, help="the device: its file, or the simulated one's socket")
    options = parser.parse_args()
    logs.configure("broker")
    asyncio.run(serve(Places.from_environment(), NsmClient(transport_to(options.nsm))))


if __name__ == "__main__":
    main()
