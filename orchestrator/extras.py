"""What an installation without extras lacks, and how it is had.

An extra is a heavy library for one thing that not everybody does. What needs it asks here first, before
anything long has run.
"""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Final

DISTRIBUTION: Final = "kubeactors"
"""What this project is called where packages are installed."""
NOT_INSTALLED: Final = "none"
"""The version of a package that runs from its sources, or is not there."""


class ExtraAbsent(ImportError):
    """A library is not installed; the text says what wants it, and how to install it."""


def need(package: str, *, extra: str, what: str) -> None:
    """Raises ExtraAbsent, unless the package that `extra` brings is here."""
    if find_spec(package) is None:
        raise ExtraAbsent(
            f"{what} with {package}, which is not installed: pip install 'kubeactors[{extra}]'",
            name=package,
        )


def version_of(distribution: str = DISTRIBUTION) -> str:
    """The version of an installed package; `NOT_INSTALLED` where it runs from its sources."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return NOT_INSTALLED
