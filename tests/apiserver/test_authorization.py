"""Who may do what, and how the answer sounds."""

from typing import Any

import pytest

from orchestrator.api.authentication.v1 import SelfSubjectReview
from orchestrator.api.authorization.v1 import (
    ResourceAttributes,
    SelfSubjectAccessReview,
    SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview,
    SubjectAccessReview,
    SubjectAccessReviewSpec,
)
from orchestrator.api.core.v1 import ConfigMap, Namespace, Node, Pod
from orchestrator.apiserver.authorizer import is_component
from orchestrator.protocol import (
    ADMIN,
    ANONYMOUS,
    BadRequest,
    DeleteCollection,
    Forbidden,
    Identity,
    MethodNotAllowed,
)
from tests.apiserver.harness import SOMEBODY, Api, meta, pod, refused


async def test_strangers_are_refused_in_kubernetes_words(api: Api) -> None:
    """Who, what, which and where."""
    error = await refused(Forbidden, api.get(Pod, "web", identity=SOMEBODY))
    assert error.message == (
        'pods "web" is forbidden: User "jane" cannot get resource "pods" in API group "" '
        'in the namespace "default"'
    )
    error = await refused(Forbidden, api.page(Node, identity=SOMEBODY))
    assert error.message == (
        'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" '
        "at the cluster scope"
    )
    error = await refused(Forbidden, api.get(Pod, "web", identity=SOMEBODY, subresource="status"))
    assert 'cannot get resource "pods/status"' in error.message


async def test_every_verb_is_asked(api: Api) -> None:
    """Reading, watching and writing."""
    await api.create(ConfigMap(metadata=meta("a")))
    async with api.inbox() as inbox:
        asked: list[Any] = [
            api.get(ConfigMap, "a", identity=SOMEBODY),
            api.page(ConfigMap, identity=SOMEBODY),
            api.watch(inbox, ConfigMap, identity=SOMEBODY),
            api.create(ConfigMap(metadata=meta("b")), identity=SOMEBODY),
            api.update(ConfigMap(metadata=meta("a")), identity=SOMEBODY),
            api.patch(ConfigMap, "a", {}, identity=SOMEBODY),
            api.delete(ConfigMap, "a", identity=SOMEBODY),
        ]
        messages = [(await refused(Forbidden, each)).message for each in asked]
    verbs = [message.partition(" cannot ")[2].split()[0] for message in messages]
    assert verbs == ["get", "list", "watch", "create", "update", "patch", "delete"]


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("system:kube-scheduler", True),
        ("system:node:n1", True),
        ("system:serviceaccount:kube-system:replicaset-controller", True),
        ("system:serviceaccount:default:default", False),
        ("system:anonymous", False),
        ("jane", False),
    ],
)
def test_components_are_known_by_their_names(name: str, component: bool) -> None:
    """Which authentication gives to nobody else."""
    assert is_component(name) == component


async def test_masters_and_components_may_do_everything(api: Api) -> None:
    """There are no finer rules yet."""
    for name, groups in [("me", ("system:masters",)), ("system:kube-scheduler", ())]:
        assert await api.list(Pod, identity=Identity(name, groups)) == []
    await refused(Forbidden, api.list(Pod, identity=ANONYMOUS))


async def test_a_verb_that_a_resource_lacks_is_not_allowed(api: Api) -> None:
    """Namespaces are not deleted by the dozen."""
    request = DeleteCollection(resource=api.resource(Namespace))
    error = await refused(MethodNotAllowed, api.ref.ask(request))
    assert error.message == ('deletecollection is not supported on resources of kind "namespaces"')


# --- reviews -------------------------------------------------------------------------------


async def test_one_may_ask_who_one_is(api: Api) -> None:
    """`kubectl auth whoami`."""
    found = await api.create(SelfSubjectReview(), namespace="", identity=ADMIN)
    assert found.status.user_info.username == ADMIN.name
    assert found.status.user_info.groups == ADMIN.groups


@pytest.mark.parametrize(("identity", "allowed"), [(ADMIN, True), (ANONYMOUS, False)])
async def test_one_may_ask_what_one_may(identity: Identity, allowed: bool) -> None:
    """`kubectl auth can-i`."""
    question = ResourceAttributes(verb="create", resource="pods", namespace="default")
    spec = SelfSubjectAccessReviewSpec(resource_attributes=question)
    async with Api(authorizer=OnlyReviews()) as api:
        found = await api.create(SelfSubjectAccessReview(spec=spec), identity=identity)
        assert found.status.allowed == allowed
        rules = await api.create(SelfSubjectRulesReview(), identity=identity)
        assert bool(rules.status.resource_rules) == allowed


async def test_one_may_ask_what_others_may(api: Api) -> None:
    """If one may ask at all; the subject must be named."""
    question = ResourceAttributes(verb="get", resource="nodes")
    spec = SubjectAccessReviewSpec(resource_attributes=question, user="jane")
    found = await api.create(SubjectAccessReview(spec=spec))
    assert not found.status.allowed
    nobody = SubjectAccessReviewSpec(resource_attributes=question)
    await refused(BadRequest, api.create(SubjectAccessReview(spec=nobody)))


async def test_reviews_are_not_stored(api: Api) -> None:
    """They are questions."""
    before = api.store.revision
    await api.create(SelfSubjectReview(), namespace="")
    assert api.store.revision == before
    assert await api.create(pod("web")) is not None


class OnlyReviews:
    """Lets everybody ask, and masters act."""

    def refusal(self, identity: Identity, verb: str, resource: Any, **_where: str) -> str | None:
        """As an authorizer."""
        allowed = "system:masters" in identity.groups or "review" in resource.plural
        return None if allowed else ""
