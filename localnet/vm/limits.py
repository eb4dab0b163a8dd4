"""Every size and count that the Move VM bounds, with the values that Sui has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a module, a package and an execution may be at most."""

    module_max_bytes: int = 102_400
    package_max_bytes: int = 102_400
    package_max_modules: int = 64
    package_max_dependencies: int = 32
    table_max_entries: int = 65_535
    code_max_instructions: int = 65_535
    identifier_max_chars: int = 128
    constant_max_bytes: int = 65_535
    signature_max_tokens: int = 255
    signature_max_depth: int = 256
    fields_max: int = 255
    variants_max: int = 127
    type_parameters_max: int = 32
    metadata_max_bytes: int = 65_535
    type_max_nodes: int = 256
    call_max_frames: int = 1_025
    instructions_max: int = 100_000_000
    event_max_bytes: int = 256_000
    events_max: int = 1_024
    events_total_max_bytes: int = 65_536_000
    new_ids_max: int = 2_048
    compiled_functions_max: int = 50_000


DEFAULT_LIMITS = Limits()
