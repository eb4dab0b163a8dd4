"""Commands that need no ledger: keys, logs, documents, help, errors, where things lie."""

import base64
import json
import stat
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import get_token
from cli.durations import Duration
from cli.errors import CommandError
from cli.home import Home, default_home, write_whole
from cli.keys import Keys, make_operator_key, read_operator_key
from cli.output import clock
from cli.root import root
from cli.split import read_splits
from sui import keystore
from sui.keys import Ed25519Key
from tests.cli import stand as s


@pytest.fixture
def local(tmp_path):
    """A home without anything."""
    return s.Stand(tmp_path / "home", None, None)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_made_named_and_kept_privately(local):
    told = local.json("key", "create", "--alias", "me")
    assert set(told) == {"address", "alias", "public_key"}
    assert local.json("key", "list") == [told]
    assert mode(local.home / "keystore" / "sui.keystore") == 0o600
    assert mode(local.home / "keystore") == 0o700
    [entry] = json.loads((local.home / "keystore" / "sui.keystore").read_text())
    assert base64.b64decode(entry)[0] == 0
    shown = local.run("key", "list").stdout
    assert told["address"] in shown
    assert entry not in shown


def test_an_alias_belongs_to_one_key(local):
    local.run("key", "create", "--alias", "me")
    assert "another --alias" in local.run("key", "create", "--alias", "me", code=1).stderr
    assert len(local.json("key", "list")) == 1
    assert local.json("key", "create")["alias"] == "key-2"


def test_the_sui_clis_keystore_is_imported_and_other_schemes_are_passed_over(local, tmp_path):
    keys = [Ed25519Key.generate(bytes([n]) * 32) for n in (1, 2)]
    foreign = base64.b64encode(b"\1" + b"\7" * 32).decode()
    path = tmp_path / "sui.keystore"
    path.write_text(json.dumps([keystore.encode_entry(keys[0]), foreign, keystore.encode_entry(keys[1])]))
    result = local.run("key", "import", "--keystore", path, "--json")
    assert [entry["address"] for entry in json.loads(result.stdout)] == [str(key.address) for key in keys]
    assert "1 keys of other schemes" in result.stderr
    assert len(local.json("key", "list", "--keystore", path)) == 2
    path.write_text(json.dumps([foreign]))
    assert "none of them Ed25519" in local.run("key", "import", "--keystore", path, code=1).stderr
    assert "no keystore" in local.run("key", "import", "--keystore", tmp_path / "none", code=1).stderr
    path.write_text(json.dumps([keystore.encode_entry(key) for key in keys]))
    assert "--alias names one key" in local.run("key", "import", "--keystore", path, "--alias", "x", code=1).stderr


@pytest.mark.parametrize("encode", [keystore.encode_private_key, keystore.encode_entry])
def test_one_key_is_imported_from_stdin(local, encode):
    key = Ed25519Key.generate(b"k" * 32)
    result = local.run("key", "import", "--stdin", "--alias", "x", "--json", stdin=encode(key) + "\n")
    assert json.loads(result.stdout)["address"] == str(key.address)


def test_a_foreign_scheme_is_refused_by_name(local):
    foreign = base64.b64encode(b"\1" + b"\7" * 32).decode()
    assert "Secp256k1" in local.run("key", "import", "--stdin", code=1, stdin=foreign).stderr


def test_keys_are_found_by_alias_or_address(local):
    keys = Keys(Home(local.home))
    key = keys.create("me")
    assert keys.find("me") == keys.find(str(key.address)) == key
    assert keys.has(key.address)
    for unknown in ("you", "0x5"):
        with pytest.raises(CommandError):
            keys.find(unknown)


def test_the_operators_key_is_apart(local):
    home = Home(local.home)
    with pytest.raises(CommandError):
        read_operator_key(home)
    made = make_operator_key(home)
    assert make_operator_key(home) == read_operator_key(home) == made
    assert mode(home.operator_key) == 0o600
    assert Keys(home).all() == []
    home.operator_key.write_text("nonsense")
    with pytest.raises(CommandError):
        read_operator_key(home)


def test_the_profile_keeps_what_others_wrote(local):
    home = Home(local.home)
    assert home.profile().ledger == ""
    home.update(ledger="a:1")
    raw = json.loads(home.state.read_text())
    home.state.write_text(json.dumps(raw | {"other": 5}))
    home.update(cluster="0x1")
    assert json.loads(home.state.read_text())["other"] == 5
    assert home.profile().ledger == "a:1"
    home.state.write_text("{")
    with pytest.raises(CommandError):
        home.profile()


def test_the_home_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("K3S_DAAS_HOME", str(tmp_path))
    assert default_home() == tmp_path
    monkeypatch.delenv("K3S_DAAS_HOME")
    assert default_home() == Path(s.ROOT) / ".k3s-daas"
    monkeypatch.setattr("cli.home.__file__", str(tmp_path / "site" / "cli" / "home.py"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert default_home() == tmp_path / "state" / "k3s-daas"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_home().name == "k3s-daas"


def test_files_are_written_whole_and_privately(tmp_path):
    path = tmp_path / "deep" / "secret"
    write_whole(path, "one", secret=True)
    write_whole(path, "two", secret=True)
    assert path.read_text() == "two"
    assert mode(path) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]


def commands(group, prefix=()):
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        yield (*prefix, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*prefix, name))


EVERY = list(commands(root))


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[" ".join(path) for path, _ in EVERY])
def test_every_command_has_help_with_an_example(path, command):
    assert "Example: k3s-daas" in command.help or "Example: kubectl" in command.help


def test_help_and_wrong_usage_have_their_codes(local):
    assert "verify" in local.run("--help").stdout
    assert local.run("nonsense", code=2).stderr
    assert local.run("key", "create", "--nonsense", code=2).stderr
    assert local.run("token", "create", code=2).stderr
    assert local.run("verify", "zz", code=1).stderr


def test_logs_of_a_part(local):
    (local.home / "logs").mkdir(parents=True)
    (local.home / "logs" / "gateway.log").write_text("".join(f'{{"n": {n}}}\n' for n in range(5)))
    assert local.run("logs", "gateway", "--tail", "2").stdout == '{"n": 3}\n{"n": 4}\n'
    assert "gateway" in local.run("logs", "nothing", code=1).stderr


def test_splits_come_from_the_gateways_log(tmp_path):
    lines = [
        '{"request_id": "0x1", "submit_ms": 1, "finality_ms": 2}',
        "not json with _ms",
        '{"request_id": "0x1", "submit_ms": 3, "execute_ms": 4, "other": 1}',
        '{"event": "x_ms"}',
    ]
    (tmp_path / "enclave-gateway.log").write_text("\n".join(lines))
    assert read_splits(tmp_path) == {"0x1": {"submit_ms": 3, "execute_ms": 4}}
    (tmp_path / "proxy.log").write_text('{"request_id": "0x2", "submit_ms": 5}')
    assert read_splits(tmp_path) == {"0x1": {"submit_ms": 3, "execute_ms": 4}, "0x2": {"submit_ms": 5}}
    assert read_splits(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90_000), ("15m", 900_000), ("2h", 7_200_000), ("30d", 2_592_000_000)]
)
def test_durations(text, expected):
    assert Duration().convert(text, None, None) == expected
    assert Duration().convert(expected, None, None) == expected


@pytest.mark.parametrize("text", ["", "5", "0s", "-1s", "1w", "1h30m"])
def test_wrong_durations(text):
    with pytest.raises(click.BadParameter):
        Duration().convert(text, None, None)


def test_times_for_people():
    assert clock(None) == "-"
    assert clock(1_700_000_000_123).endswith(".123")


ARGUMENTS = {
    "--chain-id": "HEVRgS1cxyrVqHh8DHm3xRrd8t85mZLpxAZEqVHJeknt",
    "--package": "0x" + "1" * 64,
    "--cluster": "0x" + "2" * 64,
    "--token": "0x" + "3" * 64,
    "--delegate": "0x" + "4" * 64,
    "--owner": "me",
}


def flat(home, **changes):
    told = ARGUMENTS | {"--home": str(home)} | {f"--{k}": v for k, v in changes.items()}
    return [part for pair in told.items() for part in pair]


def test_the_cache_is_keyed_by_cluster_token_and_delegate(local):
    local.run("key", "create", "--alias", "me")
    assert get_token.cached(flat(local.home)) is None
    first = local.run("get-token", *flat(local.home)).stdout
    assert get_token.cached(flat(local.home)) == first
    for name in ("cluster", "token", "delegate"):
        other = flat(local.home, **{name: "0x" + "9" * 64})
        assert get_token.cached(other) is None
        same_file = flat(local.home, **{name: ARGUMENTS[f"--{name}"][:40] + "9" * 26})
        assert get_token.cached(same_file) is None
    assert json.loads(first)["status"]["expirationTimestamp"].endswith("Z")


def test_a_broken_cache_is_ignored(local):
    local.run("key", "create", "--alias", "me")
    local.run("get-token", *flat(local.home))
    [path] = (local.home / "cache" / "grants").iterdir()
    for text in ("", "[]", "{}", path.read_text().replace('"expires_at": ', '"expires_at": -')):
        path.write_text(text)
        assert get_token.cached(flat(local.home)) is None
    assert get_token.cached(["--home"]) is None
    assert get_token.cached(["--help", "x"]) is None
    with pytest.raises(AttributeError):
        _ = get_token.nothing


def test_stdin_of_the_runner_is_not_a_terminal():
    assert CliRunner().invoke(root, ["--help"]).exit_code == 0
