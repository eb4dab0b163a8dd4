"""The errors of `parent`, split by whose fault it is and what to do.

    ParentError
     ├─ SettingsError        the parent's own settings file cannot be used
     ├─ LaunchError          the enclave could not be started on this machine
     ├─ EnclaveLostError     the enclave ended while it was needed
     ├─ RegistrationError    the ledger or the enclave did not do its part of a registration
     └─ PortTakenError       an address that the parent should listen on belongs to somebody else

Each message says what happened, whose fault it is and what to do next.
"""

from __future__ import annotations


class ParentError(Exception):
    """Anything that went wrong on the host."""


class SettingsError(ParentError):
    """The parent's settings file cannot be used."""


class LaunchError(ParentError):
    """The enclave could not be started on this machine."""


class EnclaveLostError(ParentError):
    """The enclave ended while it was needed."""


class RegistrationError(ParentError):
    """The ledger or the enclave did not do its part of a registration."""


class PortTakenError(ParentError):
    """An address to listen on belongs to somebody else."""
