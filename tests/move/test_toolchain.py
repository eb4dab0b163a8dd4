"""The Move toolchain: compiles, tests, caches, and names what is missing. Hosts and binaries are local stand-ins."""

import base64
import json
import os
import shutil
import stat
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLCHAIN = ROOT / "move" / "toolchain"
REVISION = "73dd2c2ba6f9fdb21d7ffde2b50a3f2f0ac39bc1"
FRAMEWORK = "crates/sui-framework/packages"
MANIFEST = '[package]\nname = "hello"\nedition = "2024"\n\n[addresses]\nhello = "0x0"\n'
SOURCE = """module hello::hello;

public struct Thing has key { id: UID, n: u64 }

public fun make(n: u64, ctx: &mut TxContext): Thing { Thing { id: object::new(ctx), n } }

public fun drop_it(thing: Thing) { let Thing { id, .. } = thing; id.delete(); }
"""
TESTS = """#[test_only]
module hello::hello_tests;

use hello::hello;

#[test]
fun makes() { let mut ctx = tx_context::dummy(); hello::make(1, &mut ctx).drop_it(); }

#[test, expected_failure(abort_code = 7, location = Self)]
fun aborts() { abort 7 }
"""

pytestmark = pytest.mark.toolchain


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "hello"
    (folder / "sources").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "Move.toml").write_text(MANIFEST)
    (folder / "sources" / "hello.move").write_text(SOURCE)
    (folder / "tests" / "hello_tests.move").write_text(TESTS)
    return folder


@pytest.fixture
def environment(tmp_path):
    """An environment with a cache of its own and without settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("K3S_DAAS_")}
    return kept | {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def run(script, *arguments, env, toolchain=TOOLCHAIN):
    return subprocess.run(
        ["node", str(toolchain / script), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=env,
        timeout=100,
        check=False,
    )


def only(tmp_path, *programs):
    """A PATH that holds these programs and no others."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    for program in programs:
        found = shutil.which(program)
        assert found
        (folder / program).symlink_to(found)
    return str(folder)


def test_a_package_is_compiled_once(package, environment, tmp_path):
    out = tmp_path / "deep" / "hello.json"
    first = run("build.mjs", "--package", package, "--out", out, env=environment)
    assert first.returncode == 0, first.stderr
    built = json.loads(out.read_text())
    assert len(built["modules"]) == 1
    assert base64.b64decode(built["modules"][0])[:4].hex() == "a11ceb0b"
    assert built["dependencies"] == ["0x" + "1".rjust(64, "0"), "0x" + "2".rjust(64, "0")]
    assert len(bytes.fromhex(built["digest"])) == 32
    out.unlink()
    # From the cache: no compiler is needed any more.
    offline = environment | {"CARGO_HOME": str(tmp_path / "none")}
    second = run("build.mjs", "--package", package, "--out", out, env=offline)
    assert second.returncode == 0, second.stderr
    assert json.loads(out.read_text()) == built
    (package / "sources" / "hello.move").write_text(SOURCE.replace("n: u64", "n: u32"))
    assert run("build.mjs", "--package", package, "--out", out, env=environment).returncode == 0
    assert json.loads(out.read_text()) != built


def test_a_damaged_cache_is_made_again(package, environment, tmp_path):
    out = tmp_path / "hello.json"
    run("build.mjs", "--package", package, "--out", out, env=environment)
    built = out.read_text()
    for cached in Path(environment["XDG_CACHE_HOME"]).rglob("*.json"):
        cached.write_text("{")
    assert run("build.mjs", "--package", package, "--out", out, env=environment).returncode == 0
    assert out.read_text() == built


def test_a_mistake_is_shown_where_it_is(package, environment, tmp_path):
    (package / "sources" / "hello.move").write_text(SOURCE.replace("id.delete()", "id.remove()"))
    done = run("build.mjs", "--package", package, "--out", tmp_path / "out.json", env=environment)
    assert done.returncode == 1
    assert "sources/hello.move" in done.stderr
    assert not (tmp_path / "out.json").exists()


def test_tests_are_run_and_counted(package, environment):
    done = run("test.mjs", "--package", package, env=environment)
    assert done.returncode == 0, done.stderr
    assert "[ PASS    ] hello::hello_tests::makes" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 passed, 0 failed"
    assert "\x1b" not in done.stdout


def test_tests_are_chosen_by_name(package, environment):
    done = run("test.mjs", "--package", package, "--filter", "hello_tests::ab", env=environment)
    assert done.returncode == 0, done.stderr
    assert "makes" not in done.stdout
    assert done.stdout.splitlines()[-1] == "1 passed, 0 failed"
    nothing = run("test.mjs", "--package", package, "--filter", "nothing", env=environment)
    assert nothing.returncode == 1
    assert nothing.stdout.splitlines()[-1] == "0 passed, 0 failed"


def test_a_failing_test_fails_the_run(package, environment):
    (package / "tests" / "hello_tests.move").write_text(TESTS.replace("abort 7 }", "abort 8 }"))
    done = run("test.mjs", "--package", package, env=environment)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed"


def test_the_framework_keeps_its_own_addresses(environment, tmp_path):
    out = tmp_path / "framework.json"
    done = run("framework.mjs", "--out", out, env=environment)
    assert done.returncode == 0, done.stderr
    framework = json.loads(out.read_text())
    assert set(framework) == {"0x1", "0x2"}
    assert {"option", "vector", "type_name"} <= set(framework["0x1"])
    assert {"coin", "clock", "transfer", "nitro_attestation"} <= set(framework["0x2"])
    for package_id, modules in framework.items():
        own = bytes.fromhex(package_id[2:].rjust(64, "0"))
        assert all(own in base64.b64decode(module) for module in modules.values())


@pytest.mark.parametrize(
    ("script", "arguments", "words"),
    [
        ("build.mjs", (), "--package is missing"),
        ("build.mjs", ("--package", "."), "--out is missing"),
        ("build.mjs", ("--package", "/", "--out", "x", "--other"), "usage"),
        ("build.mjs", ("--package", "/", "--out", "x"), "no Move.toml"),
        ("test.mjs", (), "--package is missing"),
        ("framework.mjs", (), "--out is missing"),
    ],
)
def test_wrong_use_is_explained(script, arguments, words, environment):
    done = run(script, *arguments, env=environment)
    assert done.returncode == 1
    assert words in done.stderr
    assert "next:" in done.stderr
    assert "    at " not in done.stderr


def test_a_missing_compiler_is_named_with_how_to_get_it(package, environment, tmp_path):
    bare = tmp_path / "toolchain"
    shutil.copytree(TOOLCHAIN, bare, ignore=shutil.ignore_patterns("node_modules", "target"))
    done = run("build.mjs", "--package", package, "--out", tmp_path / "x", env=environment, toolchain=bare)
    assert done.returncode == 1
    assert "npm ci" in done.stderr


def test_missing_framework_sources_are_named_with_how_to_get_them(package, environment, tmp_path):
    unreachable = "http://127.0.0.1:9"
    env = environment | {
        "CARGO_HOME": str(tmp_path / "none"),
        "PATH": only(tmp_path, "node"),
        "K3S_DAAS_GITHUB_API": unreachable,
        "K3S_DAAS_GITHUB_RAW": unreachable,
    }
    done = run("build.mjs", "--package", package, "--out", tmp_path / "x", env=env)
    assert done.returncode == 1
    assert "cargo is not on PATH" in done.stderr
    assert "install cargo" in done.stderr


def framework_sources(environment):
    """The folder that the toolchain itself uses."""
    code = "import('./lib/framework.mjs').then((m) => console.log(m.localFramework().dir))"
    done = subprocess.run(
        ["node", "--input-type=module", "-e", code],
        cwd=TOOLCHAIN,
        capture_output=True,
        text=True,
        env=environment,
        check=True,
        timeout=60,
    )
    return Path(done.stdout.strip())


def test_framework_sources_can_be_given(package, environment, tmp_path):
    env = environment | {"K3S_DAAS_FRAMEWORK_SOURCES": str(tmp_path)}
    done = run("build.mjs", "--package", package, "--out", tmp_path / "x", env=env)
    assert done.returncode == 1
    assert "lacks move-stdlib" in done.stderr
    env["K3S_DAAS_FRAMEWORK_SOURCES"] = str(framework_sources(environment))
    done = run("build.mjs", "--package", package, "--out", tmp_path / "x", env=env)
    assert done.returncode == 0, done.stderr


def test_github_is_asked_where_there_is_no_crate(package, environment, tmp_path):
    sources = framework_sources(environment)
    asked = []

    class GitHub(BaseHTTPRequestHandler):
        """Answers the two requests of the fetcher as GitHub does: a recursive tree, and raw files."""

        protocol_version = "HTTP/1.1"

        def do_GET(self):
            asked.append(self.path)
            if self.path == f"/api/repos/MystenLabs/sui/git/trees/{REVISION}?recursive=1":
                files = [path for path in sources.rglob("*") if path.is_file()]
                tree = [
                    {"path": f"{FRAMEWORK}/{path.relative_to(sources)}", "mode": "100644", "type": "blob"}
                    for path in files
                ]
                self.answer(json.dumps({"sha": REVISION, "tree": tree}).encode())
                return
            prefix = f"/raw/MystenLabs/sui/{REVISION}/{FRAMEWORK}/"
            file = sources / self.path.removeprefix(prefix)
            if self.path.startswith(prefix) and file.is_file():
                self.answer(file.read_bytes())
            else:
                self.send_error(404)

        def answer(self, body):
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    server = Server(("127.0.0.1", 0), GitHub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"http://127.0.0.1:{server.server_port}"
    env = environment | {
        "CARGO_HOME": str(tmp_path / "none"),
        "PATH": only(tmp_path, "node"),
        "K3S_DAAS_GITHUB_API": f"{host}/api",
        "K3S_DAAS_GITHUB_RAW": f"{host}/raw",
    }
    try:
        done = run("build.mjs", "--package", package, "--out", tmp_path / "out.json", env=env)
    finally:
        server.shutdown()
        server.server_close()
    assert done.returncode == 0, done.stderr
    assert any("/raw/" in path for path in asked)
    assert run("build.mjs", "--package", package, "--out", tmp_path / "crate.json", env=environment).returncode == 0
    assert (tmp_path / "out.json").read_text() == (tmp_path / "crate.json").read_text()


STUB = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case "$2" in
build)
  echo "INCLUDING DEPENDENCY Sui" >&2
  echo '{"modules":["oRzrCw=="],"dependencies":["0x1"],"digest":[1,2,255]}' ;;
test)
  printf '[ \\033[1;92mPASS\\033[0m    ] hello::hello_tests::makes\\n'
  printf '[ FAIL    ] hello::hello_tests::aborts\\n'
  exit 1 ;;
esac
"""


@pytest.fixture
def stub(tmp_path, environment):
    """An environment whose PATH has a `sui` that answers as the real one does."""
    folder = tmp_path / "stub"
    folder.mkdir()
    binary = folder / "sui"
    binary.write_text(STUB)
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    return folder, environment | {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_a_sui_binary_on_path_compiles(stub, package, tmp_path):
    folder, env = stub
    done = run("build.mjs", "--package", package, "--out", tmp_path / "out.json", env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out.json").read_text()) == {
        "modules": ["oRzrCw=="],
        "dependencies": ["0x1"],
        "digest": "0102ff",
    }
    assert (folder / "calls").read_text() == f"move build --dump-bytecode-as-base64 --path {package}\n"
    assert str(folder / "sui") in done.stdout


def test_a_sui_binary_on_path_tests(stub, package):
    folder, env = stub
    done = run("test.mjs", "--package", package, "--filter", "makes", env=env)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed"
    assert (folder / "calls").read_text() == f"move test --path {package} makes\n"


def test_the_wasm_compiler_can_be_forced(stub, package, tmp_path):
    folder, env = stub
    done = run("build.mjs", "--package", package, "--out", tmp_path / "o", env=env | {"K3S_DAAS_MOVE_COMPILER": "wasm"})
    assert done.returncode == 0, done.stderr
    assert not (folder / "calls").exists()


def test_a_broken_sui_binary_is_named(stub, package, tmp_path):
    folder, env = stub
    (folder / "sui").write_text("#!/bin/sh\nexit 3\n")
    done = run("build.mjs", "--package", package, "--out", tmp_path / "out.json", env=env)
    assert done.returncode == 1
    assert "failed with 3" in done.stderr
    (folder / "sui").write_text("#!/bin/sh\necho nothing\n")
    done = run("build.mjs", "--package", package, "--out", tmp_path / "out.json", env=env)
    assert done.returncode == 1
    assert "as JSON" in done.stderr


def test_a_forced_sui_binary_that_is_not_there_is_named(package, environment, tmp_path):
    env = environment | {"PATH": only(tmp_path, "node"), "K3S_DAAS_MOVE_COMPILER": "sui"}
    done = run("build.mjs", "--package", package, "--out", tmp_path / "out.json", env=env)
    assert done.returncode == 1
    assert "no `sui` on PATH" in done.stderr
