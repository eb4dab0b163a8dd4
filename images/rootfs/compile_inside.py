"""Run by the image's own Python: compiles what standard input lists, a file a line: where it lies, where it will lie.

The bytecode is written beside each source as the import system expects it, marked never to be compared with it. It is
marshalled in the form without references (version 2), which depends on nothing but the source.
"""

from __future__ import annotations

import importlib.util
import marshal
import pathlib
import sys

_UNCHECKED_HASH = 1
_FORM_WITHOUT_REFERENCES = 2


def compile_file(source: pathlib.Path, name: str) -> None:
    """Compile one file for its place in the image."""
    data = source.read_bytes()
    code = compile(data, name, "exec", dont_inherit=True, optimize=0)
    target = pathlib.Path(importlib.util.cache_from_source(str(source), optimization=""))
    target.parent.mkdir(exist_ok=True)
    head = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH.to_bytes(4, "little") + importlib.util.source_hash(data)
    target.write_bytes(head + marshal.dumps(code, _FORM_WITHOUT_REFERENCES))


def main() -> None:
    """Compile every file."""
    for line in sys.stdin:
        source, name = line.rstrip("\n").split("\t")
        compile_file(pathlib.Path(source), name)


if __name__ == "__main__":
    main()
