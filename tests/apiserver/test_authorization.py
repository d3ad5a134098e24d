"""Who may do what, and how the answer sounds."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.authentication.v1 import SelfSubjectReview
from orchestrator.api.authorization.v1 import (
    LocalSubjectAccessReview,
    NonResourceAttributes,
    ResourceAttributes,
    SelfSubjectAccessReview,
    SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview,
    SelfSubjectRulesReviewSpec,
    SubjectAccessReview,
    SubjectAccessReviewSpec,
)
from orchestrator.api.core.v1 import ConfigMap, Namespace, Node, Pod
from orchestrator.api.rbac.v1 import ClusterRole
from orchestrator.apiserver.authorization import Attributes, Authorizer, Decision
from orchestrator.protocol import (
    ADMIN,
    BadRequest,
    DeleteCollection,
    Forbidden,
    Identity,
    Invalid,
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


async def test_masters_may_do_everything_and_a_name_gives_nothing(api: Api) -> None:
    """Who is called like a component and is none, too."""
    assert await api.list(Pod, identity=Identity("me", ("system:masters",))) == []
    for name in ("system:anonymous", "system:admin", "system:somebody", "system:apiserver"):
        await refused(Forbidden, api.list(Pod, identity=Identity(name)))


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


@pytest.mark.parametrize(("identity", "allowed"), [(ADMIN, True), (SOMEBODY, False)])
async def test_one_may_ask_what_one_may(api: Api, identity: Identity, allowed: bool) -> None:
    """`kubectl auth can-i`, with what the roles of a new cluster grant everybody with a name."""
    question = ResourceAttributes(verb="create", resource="pods", namespace="default")
    spec = SelfSubjectAccessReviewSpec(resource_attributes=question)
    found = await api.create(SelfSubjectAccessReview(spec=spec), identity=identity)
    assert found.status.allowed == allowed
    here = SelfSubjectRulesReviewSpec(namespace="default")
    rules = await api.create(SelfSubjectRulesReview(spec=here), identity=identity)
    assert not rules.status.incomplete
    granted = {resource for rule in rules.status.resource_rules for resource in rule.resources}
    assert "selfsubjectreviews" in granted
    assert ("*" in granted) == allowed
    paths = {path for rule in rules.status.non_resource_rules for path in rule.non_resource_urls}
    assert "/healthz" in paths
    await refused(BadRequest, api.create(SelfSubjectRulesReview(), identity=identity))


async def test_one_may_ask_what_others_may(api: Api) -> None:
    """If one may ask at all; the subject must be named, and one question asked."""
    question = ResourceAttributes(verb="get", resource="nodes")
    spec = SubjectAccessReviewSpec(resource_attributes=question, user="jane")
    found = await api.create(SubjectAccessReview(spec=spec))
    assert not found.status.allowed
    await refused(Forbidden, api.create(SubjectAccessReview(spec=spec), identity=SOMEBODY))
    error = await refused(Invalid, api.create(SubjectAccessReview()))
    assert [cause.field for cause in error.causes] == ["spec.resourceAttributes", "spec.user"]


@pytest.mark.parametrize(
    ("user", "groups", "path", "reason"),
    [
        ("u", ("system:unauthenticated",), "/healthz", "system:public-info-viewer"),
        ("u", ("system:authenticated",), "/apis/apps", "system:discovery"),
        ("u", ("system:monitoring",), "/livez/etcd", "system:monitoring"),
        ("u", ("system:monitoring",), "/apis", ""),
        ("u", ("system:authenticated",), "/livez/etcd", ""),
    ],
)
async def test_paths_have_rules(
    api: Api, user: str, groups: tuple[str, ...], path: str, reason: str
) -> None:
    """A star at the end means all that begins so, and the answer says by which binding."""
    asked = NonResourceAttributes(verb="get", path=path)
    spec = SubjectAccessReviewSpec(non_resource_attributes=asked, user=user, groups=groups)
    status = (await api.create(SubjectAccessReview(spec=spec))).status
    assert status.allowed == bool(reason)
    whole = f'RBAC: allowed by ClusterRoleBinding "{reason}" of ClusterRole "{reason}" to Group'
    assert status.reason == (f'{whole} "{groups[0]}"' if reason else None)


async def test_a_local_review_is_about_its_own_namespace(api: Api) -> None:
    """Which it says; and not about paths."""
    asked = ResourceAttributes(verb="get", resource="pods", namespace="default")
    spec = SubjectAccessReviewSpec(resource_attributes=asked, user="jane")
    found = await api.create(LocalSubjectAccessReview(spec=spec))
    assert found.metadata.namespace == "default"
    assert not found.status.allowed
    other = replace(spec, resource_attributes=replace(asked, namespace="other"))
    path = NonResourceAttributes(verb="get", path="/healthz")
    nowhere = replace(spec, resource_attributes=None, non_resource_attributes=path)
    for wrong, field in (
        (other, "spec.resourceAttributes.namespace"),
        (nowhere, "spec.nonResourceAttributes"),
    ):
        error = await refused(Invalid, api.create(LocalSubjectAccessReview(spec=wrong)))
        assert [cause.field for cause in error.causes] == [field]


async def test_reviews_are_not_stored(api: Api) -> None:
    """They are questions."""
    before = api.store.revision
    await api.create(SelfSubjectReview(), namespace="")
    assert api.store.revision == before
    assert await api.create(pod("web")) is not None


async def test_what_was_allowed_is_remembered_until_roles_change(api: Api) -> None:
    """An authorizer is not asked again about what it said holds everywhere, and is about the rest."""
    asked: list[str] = []

    class Counting(Authorizer):
        def decide(self, identity: Identity, attributes: Attributes) -> Decision:
            asked.append(attributes.name)
            return Decision("allow", holds="everywhere" if identity is SOMEBODY else "request")

    async with Api(authorizer=Counting()) as counted:
        await counted.create(ConfigMap(metadata=meta("a")))
        other = Identity("other")
        for who in (SOMEBODY, SOMEBODY, other, other):
            await counted.get(ConfigMap, "a", identity=who)
        assert asked == ["a", "a", "a"]
        await counted.create(ClusterRole(metadata=meta("r", namespace="")))
        await counted.get(ConfigMap, "a", identity=SOMEBODY)
        assert asked == ["a", "a", "a", "a"]
