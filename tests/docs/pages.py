"""Trying a page: its blocks in order, in one directory and one Python namespace."""

import ast
import configparser
import inspect
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import actors
from orchestrator import Cluster, serving
from orchestrator.api import codec
from orchestrator.kubelet.configuration import node_fields
from orchestrator.kubelet.runtimes.process import images_of
from orchestrator.scenario.loading import load
from tests.docs import commands
from tests.docs.blocks import ROOT, Block

_RUN_SECONDS: Final = 120.0
_SCENARIO: Final = {
    "apiVersion": "orchestrator/v1alpha1",
    "kind": "Scenario",
    "metadata": {"name": "fragment"},
}
_SPEC: Final = {"nodes": [{"name": "node", "count": 1}], "steps": []}
# Parts of a scenario's spec that pages show alone.
_PARTS: Final = ("expect", "faults", "nodes", "scheduler", "steps", "sweep", "traces", "workloads")


class PageTrial:
    """One page's namespace and its directory, which has our examples.

    `beside/<page>` holds what the page speaks of and does not show.
    """

    def __init__(self, page: Path, directory: Path) -> None:
        self.directory = directory
        self.namespace: dict[str, Any] = {"__name__": "page"}
        beside = Path(__file__).parent / "beside" / page.stem
        if beside.is_dir():
            shutil.copytree(beside, directory, dirs_exist_ok=True)
        for folder in ("examples", "benchmarks"):
            shutil.copytree(ROOT / folder, directory / folder)
        for name in ("Dockerfile", "pyproject.toml"):
            shutil.copy(ROOT / name, directory)

    def run(self, block: Block) -> None:
        """Try one block. Raises whatever is wrong with it."""
        if block.mark == "not run":
            assert block.argument, f"{block}: say why it is not run"
            return
        if block.mark == "file":
            path = self.directory / block.argument
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
            if block.language == "python":
                compile(block.text, str(block), "exec")
                return
        if block.language not in TRIALS:
            raise AssertionError(f"{block}: no way to try {block.language or 'no language'}")
        TRIALS[block.language](self, block)

    # --- Python ----------------------------------------------------------------------------

    def python(self, block: Block) -> None:
        """Execute it; then run the tests that it defines."""
        before = dict(self.namespace)
        code = compile(
            "\n" * (block.line - 1) + block.text,
            str(block.page),
            "exec",
            flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
            dont_inherit=True,
        )
        if code.co_flags & inspect.CO_COROUTINE:
            actors.run(self._awaited, code, virtual=block.mark != "real time")
        else:
            exec(code, self.namespace)
        for name, value in list(self.namespace.items()):
            if name.startswith("test_") and before.get(name) is not value:
                self._test(value)

    async def _awaited(self, code: Any) -> None:
        await eval(code, self.namespace)

    def _test(self, function: Callable[..., Any]) -> None:
        """Run a test with the fixtures that the pytest plugin gives."""
        wanted = inspect.signature(function).parameters
        options: dict[str, Any] = {"nodes": 3}
        for mark in getattr(function, "pytestmark", ()):
            options |= mark.kwargs if mark.name == "cluster" else {}
        if "cluster" in wanted:

            async def live() -> None:
                async with Cluster(**options) as cluster:
                    await function(cluster)

            actors.run(live)
            return
        with serving(**options) as served:
            known = {"served_cluster": served, "kubeconfig": served.kubeconfig}
            function(**{name: known[name] for name in wanted})

    # --- what others read ------------------------------------------------------------------

    def yaml(self, block: Block) -> None:
        """Load every document by what reads it: the scenario loader, the API's codec, a kubelet."""
        for document in yaml.safe_load_all(block.text):
            kind = document.get("kind")
            if kind == "Scenario":
                self._scenario(document)
            elif kind == "KubeletConfiguration":
                node_fields(document)
            elif kind is not None:
                codec.decode_any(document)
            elif set(document) <= {"spec"}:
                self._scenario({**_SCENARIO, "spec": {**_SPEC, **document["spec"]}})
            elif set(document) <= set(_PARTS):
                self._scenario({**_SCENARIO, "spec": {**_SPEC, **document}})
            elif set(document) == {"images"}:
                images_of(document, str(self.directory))
            elif set(document) <= {"metadata"}:
                codec.decode_any({"apiVersion": "v1", "kind": "Pod", **document})
            else:
                raise AssertionError(f"{block}: whose is {', '.join(document)}?")

    def _scenario(self, document: Mapping[str, Any]) -> None:
        path = self.directory / "scenario.yaml"
        path.write_text(yaml.safe_dump(dict(document)))
        load(path, {})

    def ini(self, block: Block) -> None:
        """Parse it."""
        configparser.ConfigParser().read_string(block.text)

    def toml(self, block: Block) -> None:
        """Parse it."""
        tomllib.loads(block.text)

    def json(self, block: Block) -> None:
        """Parse it."""
        json.loads(block.text)

    def nothing(self, block: Block) -> None:
        """Output, drawings and forms of use promise nothing that could be tried."""

    # --- shell -----------------------------------------------------------------------------

    def shell(self, block: Block) -> None:
        """Check the commands; run them where the page says so."""
        if block.mark != "run":
            commands.check(block.text)
            return
        here = str(Path(sys.executable).parent)
        environment = {**os.environ, "PATH": f"{here}:{os.environ['PATH']}", "COLUMNS": "100"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            check=False,
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_RUN_SECONDS,
        )
        if done.returncode:
            pytest.fail(f"{block}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


TRIALS: Final[Mapping[str, Callable[[PageTrial, Block], None]]] = {
    "python": PageTrial.python,
    "yaml": PageTrial.yaml,
    "ini": PageTrial.ini,
    "toml": PageTrial.toml,
    "json": PageTrial.json,
    "sh": PageTrial.shell,
    "console": PageTrial.shell,
    "text": PageTrial.nothing,
}
