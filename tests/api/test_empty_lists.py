"""Empty lists without `omitempty` are null on the wire, and nothing else is."""

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionStatus,
)
from orchestrator.api.authorization.v1 import SelfSubjectRulesReview, SubjectRulesReviewStatus
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.rbac.v1 import ClusterRole, PolicyRule
from orchestrator.api.storage.v1 import CSINode


def test_an_empty_list_is_null() -> None:
    """At any depth, and comes back as an empty list."""
    assert codec.to_dict(CSINode())["spec"] == {"drivers": None}
    assert codec.to_dict(ClusterRole(rules=(PolicyRule(),)))["rules"] == [{"verbs": None}]
    assert codec.decode(codec.encode(CSINode()), CSINode) == CSINode()


def test_what_people_write_is_left_alone() -> None:
    """Texts and keys that look like it, and free JSON."""
    data = {"drivers": '"drivers":[]'}
    assert codec.to_dict(ConfigMap(data=data))["data"] == data
    noted = ClusterRole(metadata=ObjectMeta(annotations={"a": '{"rules":[]}'}))
    assert codec.to_dict(noted)["metadata"]["annotations"] == {"a": '{"rules":[]}'}


def test_of_a_kind_with_free_json_only_the_status_is_mended() -> None:
    """A default in a schema may hold a list of any name."""
    definition = CustomResourceDefinition(
        spec=CustomResourceDefinitionSpec(), status=CustomResourceDefinitionStatus()
    )
    document = codec.to_dict(definition)
    assert document["spec"]["versions"] == []
    assert document["status"]["conditions"] is None


def test_reviews_keep_their_empty_lists() -> None:
    """They are made for one answer, and say that there is nothing."""
    review = SelfSubjectRulesReview(status=SubjectRulesReviewStatus())
    assert codec.to_dict(review)["status"]["resourceRules"] == []
