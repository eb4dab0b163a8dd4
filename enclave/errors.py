"""Everything that can go wrong while an enclave boots, keeps its keys, or signs.

::

    EnclaveError
    ├── NamespacesNotAllowed   this machine: the simulated enclave cannot be closed off
    ├── BootRefused            the parent: boot parameters that are malformed, or came twice
    ├── BootFailed             a step of the boot did not come to its end; the enclave stops
    ├── KeyRefused             a caller inside: the key broker does not do that
    └── SignatureRefused       a caller inside: the signer does not sign that; has a code
"""

from __future__ import annotations


class EnclaveError(Exception):
    """Base of all errors of this package."""


class NamespacesNotAllowed(EnclaveError):  # noqa: N818 - named for what happened
    """The machine does not let this user make the namespaces that close the simulated enclave off."""


class BootRefused(EnclaveError):  # noqa: N818 - named for what happened
    """The parent's boot parameters are malformed, or came a second time."""


class BootFailed(EnclaveError):  # noqa: N818 - named for what happened
    """A step of the boot did not come to its end."""


class KeyRefused(EnclaveError):  # noqa: N818 - named for what happened
    """The key broker does not do that."""


class SignatureRefused(EnclaveError):  # noqa: N818 - named for what happened
    """The signer does not sign that."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code beside the message: it crosses to the caller."""
        super().__init__(message)
        self.code = code
        self.message = message
