"""Server-side apply and field managers by every kubectl there is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.clients.conftest import Kubectl
from tests.manifests import deployment

_NUMBER = pytest.StashKey[list[int]]()


@pytest.fixture
def here(anykubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """An empty namespace."""
    number = request.node.session.config.stash.setdefault(_NUMBER, [0])
    number[0] += 1
    namespace = f"apply-{number[0]}"
    yield anykubectl.within(namespace)
    anykubectl("delete", "namespace", namespace, "--wait=false")


def _config(**data: str) -> str:
    return yaml.safe_dump(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}
    )


def _web(replicas: int, image: str = "nginx:1") -> str:
    document: Any = deployment()
    del document["metadata"]["namespace"]
    document["spec"]["replicas"] = replicas
    document["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return yaml.safe_dump(document)


def _managers(here: Kubectl, what: str) -> dict[str, str]:
    """Manager -> operation."""
    shown = json.loads(here("get", what, "-o", "json", "--show-managed-fields"))
    return {each["manager"]: each["operation"] for each in shown["metadata"]["managedFields"]}


def _apply(here: Kubectl, body: str, *options: str) -> str:
    return here("apply", "--server-side", "-f", "-", *options, stdin=body)


def test_apply_creates_changes_and_removes(here: Kubectl) -> None:
    """Objects are applied, applied again without a change, and lose what is left out."""
    assert _apply(here, _config(a="1", b="1")) == "configmap/c serverside-applied\n"
    version = here("get", "configmap/c", "-o", "jsonpath={.metadata.resourceVersion}")
    _apply(here, _config(a="1", b="1"))
    assert here("get", "configmap/c", "-o", "jsonpath={.metadata.resourceVersion}") == version
    _apply(here, _config(a="1"))
    assert json.loads(here("get", "configmap/c", "-o", "jsonpath={.data}")) == {"a": "1"}
    assert _managers(here, "configmap/c") == {"kubectl": "Apply"}


def test_conflicts_are_shown_and_forced(here: Kubectl) -> None:
    """kubectl names the other manager and the field, and `--force-conflicts` takes it."""
    _apply(here, _config(a="1"))
    theirs = ("apply", "--server-side", "--field-manager=me", "-f", "-")
    complaint = here.refused(*theirs, stdin=_config(a="2"))
    assert 'Apply failed with 1 conflict: conflict with "kubectl": .data.a' in complaint
    here(*theirs, "--force-conflicts", stdin=_config(a="2"))
    assert here("get", "configmap/c", "-o", "jsonpath={.data.a}") == "2"


def test_unknown_fields_are_refused(here: Kubectl) -> None:
    """A field that the kind does not have is no part of what can be applied."""
    body = {**yaml.safe_load(_config()), "nonsense": 1}
    complaint = here.refused("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(body))
    assert "nonsense" in complaint


def test_diff_and_dry_run_change_nothing(here: Kubectl) -> None:
    """`diff --server-side` shows what an apply would do, and a dry run does nothing."""
    _apply(here, _web(1))
    here(
        "rollout", "status", "deployment/web", "--timeout=60s"
    )  # a status that changes is a difference
    assert here("diff", "--server-side", "-f", "-", stdin=_web(1)) == ""
    shown = here.run("diff", "--server-side", "-f", "-", stdin=_web(2))
    assert shown.returncode == 1
    assert "+  replicas: 2" in shown.stdout
    answer = _apply(here, _web(2), "--dry-run=server")
    assert answer == "deployment.apps/web serverside-applied (server dry run)\n"
    assert here("get", "deployment/web", "-o", "jsonpath={.spec.replicas}") == "1"


def test_each_verb_has_its_manager(here: Kubectl) -> None:
    """create, patch, label and the controllers are told apart by their names."""
    here("create", "-f", "-", stdin=_web(1))
    here("label", "deployment/web", "x=y")
    here("patch", "deployment/web", "-p", '{"spec": {"paused": true}}')
    here("rollout", "status", "deployment/web", "--timeout=60s", "--watch=false")
    managers = _managers(here, "deployment/web")
    assert {"kubectl-create", "kubectl-label", "kubectl-patch"} <= managers.keys()
    here("wait", "--for=jsonpath={.status.observedGeneration}", "deployment/web")
    assert "kube-controller-manager" in _managers(here, "deployment/web")


def test_from_client_side_apply_to_server_side(here: Kubectl) -> None:
    """What was applied client-side is taken over without a conflict, and the way back is open."""
    here("apply", "-f", "-", stdin=_config(a="1", b="1"))
    assert _managers(here, "configmap/c") == {"kubectl-client-side-apply": "Update"}
    _apply(here, _config(a="2"))
    assert json.loads(here("get", "configmap/c", "-o", "jsonpath={.data}")) == {"a": "2"}
    here("apply", "-f", "-", stdin=_config(a="3"))
    assert here("get", "configmap/c", "-o", "jsonpath={.data.a}") == "3"


def test_replicas_are_left_to_whoever_scales(here: Kubectl) -> None:
    """An applied Deployment without replicas keeps what `kubectl scale` says."""
    body = yaml.safe_load(_web(1))
    del body["spec"]["replicas"]
    _apply(here, yaml.safe_dump(body))
    here("scale", "deployment/web", "--replicas=2")
    _apply(here, yaml.safe_dump(body))
    assert here("get", "deployment/web", "-o", "jsonpath={.spec.replicas}") == "2"
    _apply(here, _web(3))  # a number that nobody has said is nobody's, whoever scales


def test_whoever_scales_owns_a_number_that_somebody_has_said(here: Kubectl) -> None:
    here("create", "-f", "-", stdin=_web(1))
    here("scale", "deployment/web", "--replicas=2")
    complaint = here.refused("apply", "--server-side", "-f", "-", stdin=_web(3))
    assert 'with subresource "scale"' in complaint
