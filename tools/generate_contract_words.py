"""Write the contract's abort words as part of the measured code: `chain/bindings/contract_words.json`.

    python tools/generate_contract_words.py           writes it from build/k3s_daas.json (`make contract`)
    python tools/generate_contract_words.py --check   exits 1 when the file is not what it would write

Per module it holds the texts of the constant pool in their order, because an abort code names them by index; constants
that are no text are empty.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from chain.bindings.abort import abort_table  # noqa: E402 - the path is set above

if TYPE_CHECKING:
    from collections.abc import Iterable

COMPILED = ROOT / "build" / "k3s_daas.json"
WORDS = ROOT / "chain" / "bindings" / "contract_words.json"


def render(modules: Iterable[bytes]) -> str:
    """Give the file's text for compiled modules."""
    constants = abort_table(modules).constants
    texts = {name: [_text(each) for each in pool] for name, pool in sorted(constants.items())}
    about = "Constants of the compiled contract; tools/generate_contract_words.py writes this file."
    return json.dumps({"about": about, "modules": texts}, indent=1) + "\n"


def _text(constant: bytes) -> str:
    """A constant that is text; anything else is no word of an abort."""
    try:
        text = constant.decode("ascii")
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""


def main() -> int:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is not current")
    options = parser.parse_args()
    if not COMPILED.exists():
        sys.exit(f"{COMPILED.relative_to(ROOT)} is missing: run make contract first")
    text = render(base64.b64decode(module) for module in json.loads(COMPILED.read_text())["modules"])
    if options.check:
        if not WORDS.exists() or WORDS.read_text() != text:
            sys.exit(f"{WORDS.relative_to(ROOT)} is not current: run python tools/generate_contract_words.py")
        return 0
    WORDS.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
