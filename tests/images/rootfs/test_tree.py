"""The root file system as it is put together, with a program in place of Kubernetes: complete enough to run us."""

import subprocess

import pytest

from enclave.places import Uid
from images.debian.lock import group
from images.debian.toolchain import downloads
from images.eif.tree import Kind
from images.rootfs import build, bytecode, wheels

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    packages = [downloads() / package.sha256 for package in group("rootfs")]
    kept = downloads().parent / "wheels"
    if not all(path.is_file() for path in (*packages, *(kept / w.sha256 / w.file for w in wheels.read_lock()))):
        pytest.skip("the locked packages are not in the cache: `make eif` fetches them")
    kubernetes = tmp_path_factory.mktemp("kubernetes") / "k3s"
    kubernetes.write_bytes(b"not a program, but a file")
    return build.build(kubernetes)


@pytest.fixture(scope="module")
def laid_out(tree, tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    for path, entry in tree.entries.items():
        if path.startswith(("opt/k3s-daas/code/", "opt/k3s-daas/packages/")) and entry.kind is Kind.FILE:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(entry.content())
    bytecode.lay_out(tree, folder)
    return folder


def python(folder, code):
    words, environment = bytecode.interpreter(folder)
    path = f"{folder / build.CODE}:{folder / build.WHEELS}"
    done = subprocess.run(
        [*words, "-c", code],
        env=environment | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_images_python_imports_every_module_of_ours(tree, laid_out):
    modules = sorted(
        path.removeprefix(f"{build.CODE}/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path, _ in tree.files()
        if path.startswith(f"{build.CODE}/") and path.endswith(".py") and "__main__" not in path
    )
    assert len(modules) > 100
    told = python(laid_out, f"import importlib\nfor name in {modules!r}: importlib.import_module(name)\nprint('all')")
    assert told == "all\n"


def test_it_knows_the_public_roots_and_no_others(laid_out, tree):
    bundle = tree.entries["etc/ssl/certs/ca-certificates.crt"].content()
    assert bundle.count(b"-----BEGIN CERTIFICATE-----") > 100
    assert tree.entries["usr/lib/ssl/cert.pem"].target == "/etc/ssl/certs/ca-certificates.crt"
    told = python(laid_out, "import ssl; print(ssl.get_default_verify_paths().openssl_cafile)")
    assert told == "/usr/lib/ssl/cert.pem\n"


def test_each_python_file_has_its_bytecode(tree):
    sources = [path for path, _ in tree.files() if path.endswith(".py")]
    for path in sources:
        folder, _, name = path.rpartition("/")
        assert f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-311.pyc" in tree.entries


def test_it_has_the_accounts_and_folders_that_init_and_the_enclave_expect(tree):
    accounts = dict(line.split(":")[::2][:2] for line in tree.entries["etc/passwd"].content().decode().splitlines())
    for uid in Uid:
        name = "root" if uid is Uid.SUPERVISOR else uid.name.lower()
        assert accounts[name] == str(int(uid))
    for folder in ("dev", "proc", "sys", "run", "tmp", "var"):
        assert tree.entries[folder].kind is Kind.FOLDER
