"""What an installation brings along: few modules at import, and licences that anyone may use."""

import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT: Final = tomllib.loads(Path("pyproject.toml").read_text())["project"]
# What the metadata of permissive licences say; a new word here is a decision.
PERMISSIVE: Final = (
    "apache",
    "bsd",
    "isc",
    "mit",
    "psf",
    "python-2.0",
    "python software foundation",
    "mozilla public license 2.0",
)


def _modules_after(statement: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import actors", {"asyncio", "inspect", "msgspec", "numpy", "structlog", "yaml"}),
        (
            "from actors import Actor, ActorSystem, Ref, run",
            {"numpy", "aiohttp", "rich", "structlog", "yaml", "click", "matplotlib"},
        ),
        ("import orchestrator", {"asyncio", "msgspec", "numpy", "yaml", "orchestrator.cluster"}),
        (
            "from orchestrator import Cluster",
            {
                "aiohttp",
                "cel_expr_python",
                "cryptography",
                "matplotlib",
                "numpy",
                "orchestrator.api",
                "orchestrator.apiserver",
                "orchestrator.client",
                "orchestrator.controllers",
                "orchestrator.kubelet",
                "orchestrator.scheduler",
                "re2",
                "structlog",
                "yaml",
            },
        ),
        (
            "import orchestrator.cluster.components",
            {"aiohttp", "cryptography", "click", "matplotlib", "rich"},
        ),
        ("import orchestrator.cluster.fabrics.simulated", {"aiohttp", "cryptography", "dns"}),
        ("import orchestrator.cli", {"numpy", "aiohttp", "cryptography", "matplotlib"}),
        ("import orchestrator.pytest_plugin", {"numpy", "aiohttp", "matplotlib", "actors.system"}),
    ],
)
def test_an_import_brings_only_what_it_needs(statement: str, absent: set[str]) -> None:
    """Heavy packages are imported by what uses them, not by what might."""
    assert not _modules_after(statement) & absent


def _brought(requirements: Iterable[str], extras: Iterable[str], known: set[str]) -> set[str]:
    """The distributions that requirements bring here, theirs included."""
    for each in map(Requirement, requirements):
        name = canonicalize_name(each.name)
        wanted = each.marker is None or any(each.marker.evaluate({"extra": e}) for e in extras)
        if wanted and name not in known:
            known.add(name)
            _brought(distribution(name).requires or (), ("", *each.extras), known)
    return known


# The extras that users install, beside what everybody has.
OFFERED: Final = [
    *PROJECT["dependencies"],
    *PROJECT["optional-dependencies"]["plots"],
    *PROJECT["optional-dependencies"]["top"],
]


@pytest.mark.parametrize("name", sorted(_brought(OFFERED, ("",), set())))
def test_dependencies_have_permissive_licences(name: str) -> None:
    """Apache-2.0 code may stand beside each of them and what it brings, also in somebody's product."""
    metadata = distribution(name).metadata
    said = " ".join(
        [
            *(metadata.get_all("License-Expression") or ()),
            *(each[:200] for each in metadata.get_all("License") or ()),
            *(each for each in metadata.get_all("Classifier") or () if each.startswith("License")),
        ]
    ).lower()
    assert any(word in said for word in PERMISSIVE), said


def test_an_image_is_built_of_what_the_wheel_is_made_of() -> None:
    """`.dockerignore` lets through all that pyproject.toml packs, and nothing else."""
    document = tomllib.loads(Path("pyproject.toml").read_text())
    wheel = document["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = {"pyproject.toml", PROJECT["readme"], *PROJECT["license-files"], *wheel["packages"]}
    wanted |= {f"{Path(each).parent}/*{Path(each).suffix}" for each in wheel["force-include"]}
    lines = Path(".dockerignore").read_text().splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == wanted
    assert "*" in lines
