"""Regenerate the Python classes of `sui.rpc.v2` from the .proto files beside them.

Usage: python tools/generate_protos.py [--out FOLDER]

Needs the `dev` extra (grpcio-tools, mypy-protobuf). What it writes is committed; a test runs it into an empty folder
and compares.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "sui" / "rpc" / "v2"


def generate(out: Path) -> None:
    """Write the classes of every .proto file below `out`, in the folders of their package.

    Raises:
        subprocess.CalledProcessError: the protocol compiler refused something; it has said what on stderr.
    """
    scripts = Path(sysconfig.get_path("scripts"))
    arguments = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"--proto_path={ROOT}",
        f"--plugin=protoc-gen-mypy={scripts / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={scripts / 'protoc-gen-mypy_grpc'}",
        f"--python_out={out}",
        f"--grpc_python_out={out}",
        f"--mypy_out=quiet:{out}",
        f"--mypy_grpc_out=quiet:{out}",
        *[str(path) for path in sorted(PROTOS.glob("*.proto"))],
    ]
    subprocess.run(arguments, check=True)
    for path in (out / "sui" / "rpc" / "v2").glob("*_pb2_grpc.py*"):
        if not path.name.removesuffix(".pyi").removesuffix(".py").endswith("_service_pb2_grpc"):
            path.unlink()  # messages without a service


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Regenerate the Python classes of sui.rpc.v2.")
    parser.add_argument("--out", type=Path, default=ROOT, help="where to write (default: the checkout)")
    generate(parser.parse_args().out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
