"""Compiled Python: the same bytes wherever and whenever, and taken by the interpreter without a look at the source."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from images.rootfs import bytecode

SOURCE = """
NAMES = frozenset({"a", "b", "c", "d"})
def f(x, *, y=(1, "two", 3.0)):
    return {x: y} if x in {"p", "q", "r"} else NAMES
"""


def compiled(place, seed, prefix):
    (place / prefix).mkdir(parents=True)
    source = place / prefix / "module.py"
    source.write_text(SOURCE)
    script = Path(bytecode.__file__).with_name("compile_inside.py")
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    listed = f"{source}\t/opt/module.py\n"
    subprocess.run([sys.executable, "-S", str(script)], input=listed, text=True, env=environment, check=True)
    (found,) = (place / prefix / "__pycache__").iterdir()
    return found.read_bytes()


def test_place_time_and_hash_seed_do_not_matter(tmp_path):
    assert compiled(tmp_path, "1", "a") == compiled(tmp_path, "2", "longer/place")


def test_the_source_is_not_compared_any_more(tmp_path):
    compiled(tmp_path, "1", "a")
    (tmp_path / "a/module.py").write_text("raise SystemExit(1)\n")
    code = "import module; assert module.f('p') == {'p': (1, 'two', 3.0)}"
    subprocess.run([sys.executable, "-B", "-c", code], cwd=tmp_path / "a", check=True)


def test_a_file_that_does_not_compile_is_an_error(tmp_path):
    (tmp_path / "bad.py").write_text("def (:\n")
    script = Path(bytecode.__file__).with_name("compile_inside.py")
    listed = f"{tmp_path / 'bad.py'}\t/bad.py\n"
    done = subprocess.run([sys.executable, str(script)], input=listed, text=True, capture_output=True, check=False)
    assert done.returncode != 0
    assert "/bad.py" in done.stderr


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the image's Python is 3.11")
def test_the_form_is_that_of_the_images_python(tmp_path):
    data = compiled(tmp_path, "1", "a")
    assert data[:4] == b"\xa7\x0d\x0d\x0a"
    assert data[4:8] == b"\x01\x00\x00\x00"
