"""What can go wrong between an authenticated request and its stored answer.

    ExecutionError
     ├─ TransitionError           a step that the table does not have: a bug of ours; this request goes no further
     ├─ JournalError              the journal cannot be read or written: the executor stops, the enclave's table decides
     ├─ ApiserverError            the apiserver inside the enclave
     │   ├─ ApiserverUnreachableError   it was not reached; nothing was sent
     │   ├─ ApiserverCutError           it was sent and no whole answer came back; it may have been carried out
     │   └─ AnswerTooLargeError         its answer is longer than an answer may be
     ├─ MirrorError               a token's rules could not be mirrored; its requests wait or are answered 503
     ├─ CrowdedError              a token's owner keeps more at the side door than he may; he waits, or asks less
     ├─ NoGasError                the signer has no coin left: the operator's fault
     ├─ LocalProcessError         broker or signer do not answer; the enclave's table decides
     └─ K3sError                  k3s ended, or did not become ready

Each message says what happened, whose fault it is and what next; none holds a secret.
"""

from __future__ import annotations


class ExecutionError(Exception):
    """Anything that went wrong between an authenticated request and its stored answer."""


class TransitionError(ExecutionError):
    """A step that the table of execution does not have."""


class JournalError(ExecutionError):
    """The journal cannot be read or written."""


class ApiserverError(ExecutionError):
    """The apiserver inside the enclave did not do its part."""


class ApiserverUnreachableError(ApiserverError):
    """The apiserver was not reached; nothing was sent."""


class ApiserverCutError(ApiserverError):
    """The request was sent and no whole answer came back."""


class AnswerTooLargeError(ApiserverError):
    """The apiserver's answer is longer than an answer may be."""


class MirrorError(ExecutionError):
    """A token's rules could not be mirrored as Kubernetes RBAC."""


class CrowdedError(ExecutionError):
    """More payloads wait for their requests than may."""


class NoGasError(ExecutionError):
    """The signer has no coin left."""


class LocalProcessError(ExecutionError):
    """A process next door did not answer."""


class K3sError(ExecutionError):
    """K3s ended, or did not become ready."""
