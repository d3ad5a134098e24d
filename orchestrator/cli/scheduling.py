"""The option `--scheduler-config`: a file as a scheduler's configuration."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.files import read

if TYPE_CHECKING:
    from orchestrator.scheduler import SchedulerConfiguration

F = TypeVar("F", bound=Callable[..., Any])


def option(command: F) -> F:
    """The option `--scheduler-config`."""
    return click.option(
        "--scheduler-config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="A KubeSchedulerConfiguration, as kube-scheduler's --config has it.",
    )(command)


def configuration_file(path: Path | None) -> "SchedulerConfiguration":
    """The scheduler of a file, the default one without. Raises InputError."""
    from orchestrator.scheduler import (
        DEFAULT_CONFIGURATION,
        InvalidConfiguration,
        load_configuration,
    )

    if path is None:
        return DEFAULT_CONFIGURATION
    return read(path, load_configuration, InvalidConfiguration)
