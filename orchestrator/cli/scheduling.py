"""The option `--scheduler-config`: a file as a scheduler's configuration."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.files import file_option, read

if TYPE_CHECKING:
    from orchestrator.scheduler import SchedulerConfiguration

option = file_option(
    "--scheduler-config",
    "A KubeSchedulerConfiguration, as kube-scheduler's --config has it.",
)


def configuration_file(path: Path | None) -> "SchedulerConfiguration":
    """The scheduler of a file, the default one without; plugins may be beside the file. Raises InputError."""
    from orchestrator.scheduler import (
        DEFAULT_CONFIGURATION,
        InvalidConfiguration,
        load_configuration,
    )
    from orchestrator.scheduler.classes_beside import ClassesBeside

    if path is None:
        return DEFAULT_CONFIGURATION
    find = ClassesBeside(path.parent).find
    return read(path, partial(load_configuration, find_class=find), InvalidConfiguration)
