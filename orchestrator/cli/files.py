"""Configuration files that options name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from orchestrator.cli.errors import InputError

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def file_option(name: str, about: str) -> Callable[[F], F]:
    """An option that names a file, which must be there."""
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option(name, type=path, metavar="FILE", help=about)


def read(path: Path, load: Callable[[Any], T], fault: type[Exception]) -> T:
    """What `load` makes of a file's one document; `fault` is what it raises of it. Raises InputError with the path."""
    from orchestrator.machinery import manifests
    from orchestrator.machinery.errors import MachineryError

    try:
        document = manifests.load(path.read_bytes(), str(path))
    except (MachineryError, OSError) as error:
        raise InputError(str(error)) from None
    try:
        return load(document)
    except fault as error:
        raise InputError(f"{path}: {error}") from None
