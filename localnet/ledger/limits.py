"""The protocol's limits and prices, in one frozen table; units stand in the names.

The values are those of Sui's protocol configuration as of version 134. Nothing else in this package holds a number
that the protocol fixes.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProtocolLimits:
    """What a transaction may be, and what it pays."""

    protocol_version: int = 134
    # --- sizes of a transaction
    max_tx_size_bytes: int = 131_072
    max_gas_payment_objects: int = 256
    max_input_objects: int = 2_048
    max_programmable_tx_commands: int = 1_024
    max_arguments: int = 512
    max_type_arguments: int = 16
    max_type_argument_depth: int = 16
    max_pure_argument_size_bytes: int = 16_384
    # --- sizes of what it makes
    max_move_object_size_bytes: int = 256_000
    max_size_written_objects_bytes: int = 5_000_000
    max_ptb_value_size_bytes: int = 1_048_576
    max_event_emit_size_bytes: int = 256_000
    max_num_event_emit: int = 1_024
    max_event_emit_size_total_bytes: int = 65_536_000
    max_num_new_move_object_ids: int = 2_048
    max_num_deleted_move_object_ids: int = 2_048
    max_num_transferred_move_object_ids: int = 2_048
    # --- packages
    max_move_package_size_bytes: int = 102_400
    max_modules_in_publish: int = 64
    max_package_dependencies: int = 32
    max_publish_or_upgrade_per_ptb: int = 5
    # --- gas
    max_tx_gas_mist: int = 50_000_000_000_000
    max_gas_price_mist: int = 50_000_000_000
    reference_gas_price_mist: int = 1_000
    base_tx_cost_units: int = 1_000
    max_gas_computation_units: int = 5_000_000
    aborted_gas_price_factor: int = 100
    storage_gas_price_mist: int = 76
    storage_units_per_byte: int = 100
    storage_rebate_rate_basis_points: int = 9_900
    object_read_internal_units_per_byte: int = 15
    package_publish_internal_units_per_byte: int = 80
    internal_units_per_unit: int = 1_000
    # --- constants of size accounting
    owner_size_bytes: int = 40

    @property
    def storage_mist_per_byte(self) -> int:
        """What one byte of object storage costs."""
        return self.storage_gas_price_mist * self.storage_units_per_byte

    def attributes(self) -> dict[str, str]:
        """Return the protocol configuration as clients ask for it: Sui's attribute names, values as text."""
        return {
            "max_tx_size_bytes": str(self.max_tx_size_bytes),
            "max_gas_payment_objects": str(self.max_gas_payment_objects),
            "max_input_objects": str(self.max_input_objects),
            "max_programmable_tx_commands": str(self.max_programmable_tx_commands),
            "max_arguments": str(self.max_arguments),
            "max_type_arguments": str(self.max_type_arguments),
            "max_type_argument_depth": str(self.max_type_argument_depth),
            "max_pure_argument_size": str(self.max_pure_argument_size_bytes),
            "max_move_object_size": str(self.max_move_object_size_bytes),
            "max_size_written_objects": str(self.max_size_written_objects_bytes),
            "max_event_emit_size": str(self.max_event_emit_size_bytes),
            "max_event_emit_size_total": str(self.max_event_emit_size_total_bytes),
            "max_num_event_emit": str(self.max_num_event_emit),
            "max_num_new_move_object_ids": str(self.max_num_new_move_object_ids),
            "max_num_deleted_move_object_ids": str(self.max_num_deleted_move_object_ids),
            "max_num_transferred_move_object_ids": str(self.max_num_transferred_move_object_ids),
            "max_move_package_size": str(self.max_move_package_size_bytes),
            "max_modules_in_publish": str(self.max_modules_in_publish),
            "max_package_dependencies": str(self.max_package_dependencies),
            "max_publish_or_upgrade_per_ptb": str(self.max_publish_or_upgrade_per_ptb),
            "max_tx_gas": str(self.max_tx_gas_mist),
            "max_gas_price": str(self.max_gas_price_mist),
            "max_gas_computation_bucket": str(self.max_gas_computation_units),
            "base_tx_cost_fixed": str(self.base_tx_cost_units),
            "storage_gas_price": str(self.storage_gas_price_mist),
            "obj_data_cost_refundable": str(self.storage_units_per_byte),
            "storage_rebate_rate": str(self.storage_rebate_rate_basis_points),
            "obj_access_cost_read_per_byte": str(self.object_read_internal_units_per_byte),
            "package_publish_cost_per_byte": str(self.package_publish_internal_units_per_byte),
        }


LIMITS = ProtocolLimits()
