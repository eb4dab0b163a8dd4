"""The errors of the image build: what happened, and what to do next.

ImageBuildError
 ├── MachineLacks      a program or a source of this machine is missing
 ├── InputGone         a locked file is not to be had any more, or is another one
 ├── StepFailed        a program that the build runs ended with an error
 └── ContentRefused    what was built breaks a rule of the image
"""

from __future__ import annotations


class ImageBuildError(Exception):
    """The image cannot be built; the message says why and what to do."""


class MachineLacks(ImageBuildError):  # noqa: N818 - named for what happened
    """A program or a package source is missing on this machine."""


class InputGone(ImageBuildError):  # noqa: N818 - named for what happened
    """A locked input cannot be had, or is not what was locked."""


class StepFailed(ImageBuildError):  # noqa: N818 - named for what happened
    """A program that the build runs ended with an error; its last lines are in the message."""


class ContentRefused(ImageBuildError):  # noqa: N818 - named for what happened
    """What was built breaks a rule of the image."""
