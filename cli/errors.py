"""The one error of the command line: refused or failed, with the next step.

CommandError    exit code 1; whatever else a command meets is an error of `chain`, `sui`, `attestation` or `parent`
"""

from __future__ import annotations

import click


class CommandError(click.ClickException):
    """A command cannot do what was asked; the message says why and what next."""
