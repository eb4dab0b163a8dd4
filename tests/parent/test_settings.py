"""The parent's settings are complete texts or refused."""

from dataclasses import asdict, fields

import pytest

from parent.errors import SettingsError
from parent.settings import Settings, checked

GOOD = {field.name: field.name for field in fields(Settings)}


def test_whole_settings_are_taken():
    assert asdict(checked(GOOD)) == GOOD


def test_recording_and_further_packages_may_be_left_out():
    assert checked({name: value for name, value in GOOD.items() if name not in {"record", "packages"}}).record == ""


@pytest.mark.parametrize("name", [name for name in GOOD if name not in {"record", "packages"}])
def test_a_missing_field_is_named(name):
    with pytest.raises(SettingsError, match=name):
        checked({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize("wrong", [None, [], "text", {**GOOD, "ledger": 1}, {**GOOD, "unknown": "x"}])
def test_anything_else_is_refused(wrong):
    with pytest.raises(SettingsError):
        checked(wrong)
