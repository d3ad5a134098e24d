"""`orchestrator doctor`: whether this machine has what the product needs, and what to do if not."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal, TypeAlias

import click
from msgspec import Struct

from orchestrator.cli.serving import DEFAULT_KUBECONFIG, DEFAULT_LISTEN
from orchestrator.extras import DISTRIBUTION

Verdict: TypeAlias = Literal["ok", "note", "fault"]

# kubectl works with servers one minor version older or newer.
SERVER_MINOR: Final = 36
_FEW_FILES: Final = 1_024  # each watch of a client is a connection, and each connection a file


class Finding(Struct, frozen=True):
    """One thing that was looked at. A `fault` keeps something from working, a `note` may surprise."""

    verdict: Verdict
    what: str
    advice: str = ""


@click.command()
def doctor() -> None:
    """Look for what would keep a cluster from running here; exit code 1 if there is anything."""
    findings = [finding for look in LOOKS for finding in look()]
    for finding in findings:
        click.echo(f"{finding.verdict:<6} {finding.what}")
        if finding.advice:
            click.echo(f"       {finding.advice}")
    faults = sum(finding.verdict == "fault" for finding in findings)
    click.echo(f"\n{faults or 'no'} fault{'' if faults == 1 else 's'} found")
    if faults:
        sys.exit(1)


def _python() -> Iterator[Finding]:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        yield Finding("ok", f"Python {found}")
    else:
        yield Finding("fault", f"Python {found}", "Python 3.11, 3.12 or 3.13 is needed")
    if sys.implementation.name != "cpython":
        yield Finding("note", f"this is {sys.implementation.name}", "only CPython is tested")


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    try:
        wanted = requires(DISTRIBUTION) or ()
    except PackageNotFoundError:
        advice = "its packages cannot be compared with what it asks for; pip install -e ."
        yield Finding("note", f"{DISTRIBUTION} is not installed, and runs from its sources", advice)
        return
    for text in wanted:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            yield Finding("fault", f"{requirement.name} is absent", f"pip install '{requirement}'")
            continue
        if found in requirement.specifier:
            yield Finding("ok", f"{requirement.name} {found}")
        else:
            advice = f"pip install '{requirement}'"
            yield Finding(
                "fault", f"{requirement.name} {found} is not {requirement.specifier}", advice
            )


def _extras() -> Iterator[Finding]:
    if find_spec("matplotlib") is None:
        yield Finding(
            "note",
            "no matplotlib: reports have no pages (run --no-page)",
            "pip install 'kubeactors[plots]'",
        )
    if find_spec("textual") is None:
        yield Finding("note", "no textual: no orchestrator top", "pip install 'kubeactors[top]'")


def _kubectl() -> Iterator[Finding]:
    path = shutil.which("kubectl")
    if path is None:
        yield Finding(
            "note", "kubectl is not on the path", "only driving a served cluster needs it"
        )
        return
    asked = subprocess.run(
        [path, "version", "--client", "-o", "json"], capture_output=True, timeout=30, check=False
    )
    minor = _minor(asked.stdout)
    if minor is None:
        yield Finding("fault", f"{path} does not tell its version", "install another kubectl")
    elif abs(minor - SERVER_MINOR) <= 1:
        yield Finding("ok", f"kubectl 1.{minor} at {path}")
    else:
        yield Finding(
            "note",
            f"kubectl 1.{minor} at {path}",
            f"the server is 1.{SERVER_MINOR}; kubectl warns of more than one version between them",
        )


def _minor(answer: bytes) -> int | None:
    import msgspec

    try:
        return int(msgspec.json.decode(answer)["clientVersion"]["minor"].rstrip("+"))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None


def _address() -> Iterator[Finding]:
    host, _, port = DEFAULT_LISTEN.rpartition(":")
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, int(port)))
        except OSError as error:
            advice = "`orchestrator up --listen 127.0.0.1:0` takes any free port"
            yield Finding("note", f"{DEFAULT_LISTEN}: {error.strerror}", advice)
        else:
            yield Finding("ok", f"{DEFAULT_LISTEN} is free")


def _kubeconfig() -> Iterator[Finding]:
    path = DEFAULT_KUBECONFIG.expanduser()
    folder: Path = next(each for each in path.parents if each.exists())
    if os.access(folder, os.W_OK):
        yield Finding("ok", f"{path} can be written")
    else:
        advice = "`orchestrator up --kubeconfig PATH` takes another path"
        yield Finding("fault", f"{path} cannot be written", advice)


def _files() -> Iterator[Finding]:
    try:
        import resource
    except ImportError:  # only Unix has such limits
        return
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit > _FEW_FILES:
        yield Finding("ok", f"{limit} open files are allowed")
    else:
        advice = "with hundreds of clients raise it: `ulimit -n 65536`"
        yield Finding("note", f"only {limit} open files are allowed", advice)


LOOKS: Final[tuple[Callable[[], Iterator[Finding]], ...]] = (
    _python,
    _packages,
    _extras,
    _kubectl,
    _address,
    _kubeconfig,
    _files,
)
