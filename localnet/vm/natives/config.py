"""`sui::config` and `sui::protocol_config`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.loader import as_datatype
from localnet.vm.natives.registry import Native, generic, plain
from sui.types import Address

if TYPE_CHECKING:
    from localnet.vm.loader import Loader
    from localnet.vm.session import Session
    from localnet.vm.types import Type
    from localnet.vm.values import Value


@plain("0x2", "protocol_config", "is_feature_enabled")
def is_feature_enabled(session: Session, name: bytearray) -> bool:
    """Return whether the ledger was started with this feature."""
    return name.decode("utf-8", "replace") in session.config.features


@generic("0x2", "config", "read_setting_impl")
def read_setting(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return the value of a setting that holds in this epoch, as an Option.

    A setting is a child `Field<Name, Setting<V>>`; `Setting{data: Option<SettingData{newer_value_epoch, newer_value:
    Option<V>, older_value_opt: Option<V>}>}`.
    """
    field = as_datatype(types[0])
    copy = types[3].copier

    def native(session: Session, config: bytes, name: bytes, epoch: int) -> Value:
        slot = None
        if session.has_child(Address(config), Address(name), field):
            slot = session.child(Address(config), Address(name), field)
        if slot is None:
            return [[]]
        data = slot.value[2][0][0]
        if not data:
            return [[]]
        newer_epoch, newer, older = data[0]
        chosen = newer if epoch > newer_epoch else older
        return [[copy(item) for item in chosen[0]]]

    return native
