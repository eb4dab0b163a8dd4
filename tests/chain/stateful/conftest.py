"""Stages to play on, and how the machine is run."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from .actors import Stage, edited, second_version
from .machine import ContractMachine

Play = Callable[..., None]


@pytest.fixture
def opened(framework_bundle: Path) -> Iterator[Callable[..., Stage]]:
    """Opens a stage, with places of the contract's sources changed or none; judges all SUI at the end."""
    stages: list[Stage] = []

    def open_one(*edits: tuple[str, str, str]) -> Stage:
        stages.append(Stage(framework_bundle, edited(*edits), second_version(*edits)))
        return stages[-1]

    yield open_one
    for stage in stages:
        stage.close()


@pytest.fixture
def play() -> Play:
    """Runs the machine on a stage; with the same examples each time, unless K3S_DAAS_RANDOM is set and not `fixed`."""

    def run(stage: Stage, *, examples: int, steps: int, fixed: bool, shrink: bool = True) -> None:
        machine = type("Contract", (ContractMachine,), {"stage": stage})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                derandomize=fixed or not os.environ.get("K3S_DAAS_RANDOM"),
                database=None,
                deadline=None,
                print_blob=True,
                phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )

    return run
