"""The hash of a pod template is the one that Kubernetes gives it."""

import pytest

from orchestrator.api import codec
from orchestrator.api.core.v1 import PodTemplateSpec
from orchestrator.apiserver.kinds.core.pods.defaults import default_template
from orchestrator.machinery.quantities import amount_of
from orchestrator.machinery.template_hash import template_hash


def _template(app: str, **spec: object) -> PodTemplateSpec:
    containers = [{"name": "c", "image": "img:1"}]
    document = {
        "metadata": {"labels": {"app": app}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": containers, **spec},
    }
    return default_template(codec.decode(document, PodTemplateSpec))


def test_a_deployments_template_has_the_recorded_hash() -> None:
    """Of kube-controller-manager 1.36.2."""
    assert template_hash(_template("web"), None) == "56fcd86c8f"


def test_a_daemon_sets_template_has_the_recorded_hash() -> None:
    """With a map among its fields."""
    chosen = _template("ds", nodeSelector={"kubernetes.io/hostname": "node-1"})
    assert template_hash(chosen, None) == "d4db9667"


def test_collisions_give_another_hash() -> None:
    """Even the first."""
    template = _template("web")
    assert len({template_hash(template, count) for count in (None, 0, 1)}) == 3


@pytest.mark.parametrize(
    ("text", "number", "scale", "kept"),
    [
        ("0", 0, 0, "0"),
        ("100m", 100, -3, "100m"),
        ("1500m", 1500, -3, "1500m"),
        ("2", 2, 0, "2"),
        ("64Mi", 64 << 20, 0, ""),  # its test is whether the digits are odd enough
        ("65Mi", 65 << 20, 0, "65Mi"),
    ],
)
def test_amounts_are_held_as_kubernetes_holds_them(
    text: str, number: int, scale: int, kept: str
) -> None:
    """An integer and a power of ten, and the text where it is canonical."""
    amount = amount_of(text)
    assert (amount.number, amount.scale, amount.text) == (number, scale, kept)
