"""Empty lists without `omitempty` are null on the wire, and nothing else is."""

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionStatus,
    CustomResourceDefinitionVersion,
    CustomResourceValidation,
    JSONSchemaProps,
)
from orchestrator.api.authorization.v1 import SelfSubjectRulesReview, SubjectRulesReviewStatus
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.rbac.v1 import ClusterRole, PolicyRule
from orchestrator.api.resource.v1 import ResourceClaim
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


def test_free_json_is_left_alone() -> None:
    """A default in a schema may hold a list of any name; what is typed around it is mended."""
    schema = JSONSchemaProps(type="object", default={"versions": []})
    definition = CustomResourceDefinition(
        spec=CustomResourceDefinitionSpec(
            versions=(
                CustomResourceDefinitionVersion(
                    name="v1", schema=CustomResourceValidation(open_apiv3_schema=schema)
                ),
            )
        ),
        status=CustomResourceDefinitionStatus(),
    )
    document = codec.to_dict(definition)
    (version,) = document["spec"]["versions"]
    assert version["schema"]["openAPIV3Schema"]["default"] == {"versions": []}
    assert document["status"]["conditions"] is None
    assert codec.to_dict(CustomResourceDefinition())["spec"]["versions"] is None
    assert codec.to_dict(ResourceClaim())["spec"]["devices"] == {"requests": None}


def test_reviews_keep_their_empty_lists() -> None:
    """They are made for one answer, and say that there is nothing."""
    review = SelfSubjectRulesReview(status=SubjectRulesReviewStatus())
    assert codec.to_dict(review)["status"]["resourceRules"] == []


def test_who_says_that_a_list_is_empty_said_so() -> None:
    """Nothing else tells such a list from one that nobody speaks of."""
    said = codec.decode({"rules": [], "metadata": {"name": "a.b"}}, ClusterRole)
    unsaid = codec.decode({"metadata": {"name": "a.b"}}, ClusterRole)
    assert said == unsaid
    assert codec.encode(said) == codec.encode(unsaid)
    assert codec.as_said(said)["rules"] == []
    assert codec.as_said(unsaid)["rules"] is None
    inner: dict[str, object] = {"spec": {"devices": {"requests": []}}}
    assert codec.as_said(codec.decode(inner, ResourceClaim))["spec"] == {
        "devices": {"requests": []}
    }
