"""Runs one of the enclave's modules with as little power as it needs: `python -m enclave.confine [--uid N] MODULE ...`.

Before the module starts: no capabilities, none to be had later, no core dumps, umask 077, a uid of its own where the
machine allows it, and no other process may look into its memory. It dies with the supervisor.
"""

from __future__ import annotations

import argparse
import os
import resource
import runpy
import signal
import sys

from enclave import kernel


def confine(uid: int | None) -> None:
    """Give up everything; there is no way back."""
    kernel.die_with_parent(signal.SIGKILL)
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kernel.drop_bounding_set()
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        kernel.die_with_parent(signal.SIGKILL)  # a change of uid forgets it
    kernel.drop_capabilities()
    kernel.forbid_new_privileges()
    kernel.forbid_dumps()


def main() -> None:
    """Confine this process and run the module in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uid", type=int)
    parser.add_argument("module")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    confine(options.uid)
    sys.argv = [options.module, *options.arguments]
    runpy.run_module(options.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
