"""What is said again in words that Go tells from those that are stored."""

from typing import Any

import pytest

from orchestrator.machinery.managed_fields.openapi_shapes import shape_of_kind
from orchestrator.machinery.managed_fields.restating import as_said

_POLICY = shape_of_kind("networking.k8s.io", "v1", "NetworkPolicy")
_LIMITS = shape_of_kind("", "v1", "LimitRange")
_POD = shape_of_kind("", "v1", "Pod")


def _limits(cpu: Any) -> dict[str, Any]:
    return {"spec": {"limits": [{"type": "Container", "default": {"cpu": cpu}}]}}


def test_an_empty_list_inside_a_list_that_is_one_thing_makes_it_another() -> None:
    """As it was said it is compared; all else of the document is the very same."""
    stored: Any = {"spec": {"ingress": [{}], "podSelector": {}}}
    said: Any = {"spec": {"ingress": [{"from": []}], "podSelector": {}}}
    found = as_said(stored, said, _POLICY)
    assert found["spec"]["ingress"] == [{"from": []}]
    assert found["spec"]["podSelector"] is stored["spec"]["podSelector"]


def test_an_empty_list_that_stands_for_itself_makes_no_difference() -> None:
    """Go leaves it out where it walks through fields."""
    stored: Any = {"spec": {"containers": [{"name": "c", "image": "i"}]}}
    said: Any = {"spec": {"containers": [{"name": "c", "image": "i", "env": []}], "volumes": []}}
    assert as_said(stored, said, _POD) is stored


def test_an_empty_struct_is_one() -> None:
    """A selector that selects all is not left out, whether it is stored or said."""
    stored: Any = {"spec": {"ingress": [{"from": [{"podSelector": {}}]}]}}
    assert as_said(stored, stored, _POLICY) is stored


@pytest.mark.parametrize(
    ("stored", "said", "differs"),
    [
        ("1500m", "1.5", True),
        ("1500m", "1500m", False),
        ("1Gi", "1024Mi", True),
        ("8Gi", "8192Mi", False),  # of neither Go keeps the text
        ("2", 2, False),
        ("2", "2.0", True),
    ],
)
def test_an_amount_in_other_words_is_another_value(stored: str, said: Any, differs: bool) -> None:
    """Where Go keeps another number, power or text of it."""
    before = _limits(stored)
    assert (as_said(before, _limits(said), _LIMITS) is not before) is differs
