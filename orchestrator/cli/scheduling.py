"""The option `--scheduler-config`: a file as a scheduler's configuration."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.errors import InputError

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
    from orchestrator.machinery import manifests
    from orchestrator.machinery.errors import MachineryError
    from orchestrator.scheduler import (
        DEFAULT_CONFIGURATION,
        InvalidConfiguration,
        load_configuration,
    )

    if path is None:
        return DEFAULT_CONFIGURATION
    try:
        return load_configuration(manifests.load(path.read_text(encoding="utf-8"), str(path)))
    except InvalidConfiguration as error:
        raise InputError(f"{path}: {error}") from None
    except (MachineryError, OSError, UnicodeDecodeError) as error:
        raise InputError(str(error)) from None
