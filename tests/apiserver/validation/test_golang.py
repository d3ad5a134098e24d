"""Objects as complaints print them."""

from typing import Any

import msgspec
import pytest

from orchestrator.api.apps.v1 import DeploymentStrategy, RollingUpdateDeployment
from orchestrator.api.core.v1 import Capabilities, SecurityContext
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.api.policy.v1 import PodDisruptionBudgetSpec
from orchestrator.api.rbac.v1 import RoleRef
from orchestrator.apiserver.validation import golang


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (DeploymentStrategy(), '{"Type":"","RollingUpdate":null}'),
        (
            DeploymentStrategy(rolling_update=RollingUpdateDeployment(max_surge="5%")),
            '{"Type":"","RollingUpdate":{"MaxUnavailable":null,"MaxSurge":"5%"}}',
        ),
        (
            PodDisruptionBudgetSpec(selector=LabelSelector(match_labels={"b": "1", "a": "2"})),
            '{"MinAvailable":null,"Selector":{"matchLabels":{"a":"2","b":"1"}},'
            '"MaxUnavailable":null,"UnhealthyPodEvictionPolicy":null}',
        ),
        (
            RoleRef(api_group="a", kind="b", name="c"),
            '{"APIGroup":"a","Kind":"b","Name":"c"}',
        ),
        (Capabilities(add=("A",)), '{"Add":["A"],"Drop":null}'),
        ({"b": "1", "a": "2"}, '{"a":"2","b":"1"}'),
        ({}, "null"),
    ],
)
def test_structs_have_the_names_and_the_order_of_go(value: Any, expected: str) -> None:
    """Every field is there, and maps are sorted."""
    assert msgspec.json.encode(golang.as_go(value)).decode() == expected


@pytest.mark.parametrize("kind", [*golang._FIELDS, *golang._WIRE])
def test_every_field_that_is_printed_is_there(kind: type[Any]) -> None:
    """A field's name in Go leads to one of Python's."""
    assert golang.as_go(kind()) is not None


def test_security_contexts_name_what_is_spelt_in_capitals() -> None:
    """Go's SELinuxOptions are ours, too."""
    printed = golang.as_go(SecurityContext(privileged=True))
    assert printed["Privileged"] is True
    assert printed["SELinuxOptions"] is None
