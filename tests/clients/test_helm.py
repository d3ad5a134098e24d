"""A chart's life with the real helm, of both generations: version 4 writes by server-side apply."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.conftest import Kubectl

CHART = Path(__file__).parent / "manifests" / "shop-chart"
_MANAGERS = {"helm3": ("Update", "helm"), "helm4": ("Apply", "helm")}

Helm = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=sorted(_MANAGERS))
def program(request: pytest.FixtureRequest) -> str:
    """The name of each helm."""
    name: str = request.param
    if shutil.which(name) is None:
        if "CI" in os.environ:
            pytest.fail(f"{name} is not there: .ci/run has to install it")
        pytest.skip(f"{name} is not there: `.ci/helm FOLDER` gets it")
    return name


@pytest.fixture
def here(kubectl: Kubectl, program: str) -> Kubectl:
    """A namespace of a helm's own."""
    return kubectl.within(f"chart-{program}")


@pytest.fixture
def helm(here: Kubectl, program: str, tmp_path: Path) -> Helm:
    """Runs it in that namespace."""
    folders = {
        f"HELM_{each}_HOME": str(tmp_path / each.lower()) for each in ("CACHE", "CONFIG", "DATA")
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [program, *words, "--namespace", f"chart-{program}"]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=90,
            env={**here.environment, **folders},
            check=False,
        )

    return run


def _well(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _history(helm: Helm) -> list[tuple[int, str]]:
    found = json.loads(_well(helm("history", "one", "--output", "json")))
    return [(each["revision"], each["status"]) for each in found]


def test_a_chart_lives(helm: Helm, here: Kubectl, program: str) -> None:
    # A definition of crds/, objects of it, a hook that is waited for, and a lookup in the notes.
    told = _well(helm("install", "one", str(CHART), "--wait", "--timeout=60s"))
    assert "STATUS: deployed" in told
    assert "one says hello, revision 1.\nIts cluster is kube-system's." in told
    assert here("get", "till", "one", "-o", "jsonpath={.spec.coins[*].count}") == "0 2"
    assert here("get", "jobs", "-o", "name") == ""
    assert here("get", "configmap", "one", "-o", "jsonpath={.data.budgets}") == "true"

    managers = json.loads(here("get", "deployment", "one", "-o", "json", "--show-managed-fields"))
    written = {
        (each["operation"], each["manager"]) for each in managers["metadata"]["managedFields"]
    }
    assert _MANAGERS[program] in written, written

    # The test of the chart, with what it says.
    assert "greeting is hello" in _well(helm("test", "one", "--logs"))

    # A second revision; the same again changes nothing.
    _well(helm("upgrade", "one", str(CHART), "--set", "replicas=3,greeting=again"))
    here("rollout", "status", "deployment/one", "--timeout=60s")
    assert here("get", "deployment", "one", "-o", "jsonpath={.status.readyReplicas}") == "3"
    assert here("get", "till", "one", "-o", "jsonpath={.spec.coins[*].count}") == "0 3"
    before = here(
        "get", "deployment,service,till", "-o", "jsonpath={.items[*].metadata.generation}"
    )
    _well(helm("upgrade", "one", str(CHART), "--reuse-values", "--no-hooks"))
    after = here("get", "deployment,service,till", "-o", "jsonpath={.items[*].metadata.generation}")
    assert before == after

    # A hook that fails ends an upgrade before anything is changed.
    failed = helm("upgrade", "one", str(CHART), "--set", "hook=false,greeting=never")
    assert failed.returncode == 1
    assert "pre-upgrade hooks failed" in failed.stderr
    assert here("get", "configmap", "one", "-o", "jsonpath={.data.greeting}") == "again"

    # What the server refuses fails as well, and says where.
    refused = helm("upgrade", "one", str(CHART), "--set", "coin=worthless", "--no-hooks")
    assert refused.returncode == 1
    assert "spec.coins[" in refused.stderr  # by its position, or by what it is known by

    # Back to the first.
    _well(helm("rollback", "one", "1"))
    here("rollout", "status", "deployment/one", "--timeout=60s")
    assert here("get", "deployment", "one", "-o", "jsonpath={.spec.replicas}") == "2"
    assert here("get", "configmap", "one", "-o", "jsonpath={.data.greeting}") == "hello"
    assert _history(helm) == [
        (1, "superseded"),
        (2, "superseded"),
        (3, "superseded"),
        (4, "failed"),
        (5, "failed"),
        (6, "deployed"),
    ]

    # All goes but the definition, which helm leaves to people.
    _well(helm("uninstall", "one", "--wait", "--timeout=60s"))
    assert here("get", "deployment,service,configmap,till,secret", "-o", "name").split() == [
        "configmap/kube-root-ca.crt"
    ]
    here("get", "customresourcedefinition", "tills.shop.example.com")
