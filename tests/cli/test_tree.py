"""The whole tree of commands: flags say what they are for, and what acts on chain is simulated and confirmed alike."""

import json

import click
import pytest

from cli.root import root
from tests.cli.stand import Stand

ACTING = {
    "contract": ("publish", "lock", "announce", "upgrade", "cancel", "immutable", "migrate"),
    "cluster": ("create", "set"),
    "cluster measurement": ("add", "retire"),
    "cluster config": ("add", "retire"),
    "cluster admin": ("transfer", "burn"),
    "cluster operator": ("replace", "cancel"),
    "cluster bond": ("add", "withdraw"),
    "cluster version": ("announce", "cancel"),
    "enclave": ("challenge", "register", "activate", "renew", "revoke"),
    "token": ("create", "scope", "revoke", "stake", "unstake", "announce"),
    "request": ("expire",),
    "request receipt": ("delete",),
    "evidence": ("submit",),
}


def leaves(command, words=()):
    if not isinstance(command, click.Group):
        return {words: command}
    context = click.Context(command)
    found = {}
    for name in command.list_commands(context):
        found |= leaves(command.get_command(context, name), (*words, name))
    return found


COMMANDS = leaves(root)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_flag_says_what_it_is_for(words):
    command = COMMANDS[words]
    undocumented = [
        p.name for p in command.params if isinstance(p, click.Option) and not p.help and p.name != "enclave"
    ]
    assert undocumented == [], words


@pytest.mark.parametrize("words", [(*g.split(), name) for g, names in ACTING.items() for name in names], ids=" ".join)
def test_what_acts_on_chain_can_be_simulated_confirmed_and_read_by_programs(words):
    flags = {flag for param in COMMANDS[words].params for flag in param.opts}
    assert {"--json", "--dry-run", "--yes"} <= flags


def test_an_empty_home_says_what_comes_first(tmp_path):
    home = Stand(tmp_path, None, None)
    (tmp_path / "evidence.json").write_text(json.dumps({}))
    for words in (
        ("contract", "lock"),
        ("contract", "show"),
        ("contract", "migrate"),
        ("cluster", "set", "min_stake=1"),
        ("cluster", "bond", "withdraw"),
        ("token", "unstake", "0x1"),
        ("request", "expire", "0x1"),
    ):
        assert "k3s-daas up" in home.run(*words, code=1).stderr, words
