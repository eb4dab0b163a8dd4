"""The entry point: `get-token` at once, everything else through click.

Rules: kubectl runs `get-token` for every command, so its warm way imports nothing but the standard library's smallest
parts: this module must stay free of imports that cost.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["get-token"] and "--help" not in arguments:
        from cli.get_token import cached

        found = cached(arguments[1:])
        if found is not None:
            sys.stdout.write(found)
            return
    from cli.root import run

    sys.exit(run(arguments))


if __name__ == "__main__":
    main()
