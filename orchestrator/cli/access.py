"""Which cluster a command is about: the options `--kubeconfig` and `--context`, as an access."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.errors import InputError
from orchestrator.cli.serving import DEFAULT_KUBECONFIG

if TYPE_CHECKING:
    from orchestrator.gateway import Access

F = TypeVar("F", bound=Callable[..., Any])


def options(command: F) -> F:
    """The options `--kubeconfig` and `--context`."""
    kubeconfig = click.option(
        "--kubeconfig",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Where the cluster is; otherwise $KUBECONFIG, or what `orchestrator up` has written.",
    )
    context = click.option(
        "--context", default="", help="The kubeconfig's context; its current one if absent."
    )
    return kubeconfig(context(command))


def access_of(kubeconfig: Path | None, context: str) -> "Access":
    """By the file, by $KUBECONFIG, or by what `orchestrator up` has written. Raises InputError."""
    from orchestrator.gateway import AccessError, find_access, load_access

    if kubeconfig is None and not os.environ.get("KUBECONFIG"):
        kubeconfig = DEFAULT_KUBECONFIG
    try:
        if kubeconfig is None:
            return find_access(context)
        return load_access(kubeconfig, context=context)
    except AccessError as error:
        raise InputError(str(error)) from None
