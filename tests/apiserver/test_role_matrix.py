"""Who may do what in a new cluster: thousands of questions, answered by a second, plain reading of the roles.

The reading here knows nothing of the server's: it goes through the documents as they lie in the package, and
says yes if some rule of some bound role says yes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import orchestrator.apiserver.bootstrap as bootstrap
from orchestrator import Cluster
from orchestrator.api.authorization.v1 import (
    NonResourceAttributes,
    ResourceAttributes,
    SubjectAccessReview,
    SubjectAccessReviewSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.rbac.v1 import RoleBinding, RoleRef, Subject
from orchestrator.api.scheme import DEFAULT, resource_of
from orchestrator.protocol import Create

Document = Mapping[str, Any]

_FACTS = Path(bootstrap.__file__).parent / "facts"
_QUESTIONS = 6_000
_VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"),
    *("bind", "escalate", "impersonate", "approve", "sign", "use", "attest", "*", "nonsense"),
)
_NAMESPACES = ("", "default", "kube-system", "kube-public", "kube-node-lease", "elsewhere")
_PATHS = (
    "/",
    "/healthz",
    "/livez/etcd",
    "/version",
    "/version/",
    "/metrics",
    "/api/v1",
    "/openapi",
)
_NAMES = ("", "extension-apiserver-authentication", "cluster-info", "kube-scheduler", "other")


def _facts(name: str) -> list[Document]:
    found: list[Document] = json.loads((_FACTS / f"{name}.json").read_text())
    return found


class _Plain:
    """What the documents say, gone through from the first to the last."""

    def __init__(self, more: Sequence[Document]) -> None:
        self._cluster_roles = {each["metadata"]["name"]: each for each in _facts("cluster-roles")}
        self._roles = {
            (each["metadata"]["namespace"], each["metadata"]["name"]): each
            for each in _facts("roles")
        }
        self._everywhere = _facts("cluster-role-bindings")
        self._inside = [*_facts("role-bindings"), *more]

    def says(self, user: str, groups: Sequence[str], asked: Document) -> bool:
        """Whether some rule allows it."""
        if "system:masters" in groups:
            return True
        return any(
            _allows(rule, asked) for rule in self._rules(user, groups, asked.get("namespace", ""))
        )

    def _rules(self, user: str, groups: Sequence[str], namespace: str) -> Iterator[Document]:
        for binding in self._everywhere:
            if any(_is(each, user, groups, "") for each in binding.get("subjects", ())):
                yield from self._cluster_roles[binding["roleRef"]["name"]].get("rules") or ()
        for binding in self._inside:
            own = binding["metadata"]["namespace"]
            if not namespace or own != namespace:
                continue
            if any(_is(each, user, groups, own) for each in binding.get("subjects", ())):
                ref = binding["roleRef"]
                if ref["kind"] == "Role":
                    role = self._roles[own, ref["name"]]
                else:
                    role = self._cluster_roles[ref["name"]]
                yield from role.get("rules") or ()


def _is(subject: Document, user: str, groups: Sequence[str], namespace: str) -> bool:
    if subject["kind"] == "User":
        return bool(subject["name"] == user)
    if subject["kind"] == "Group":
        return subject["name"] in groups
    where = subject.get("namespace") or namespace
    return bool(where) and user == f"system:serviceaccount:{where}:{subject['name']}"


def _allows(rule: Document, asked: Document) -> bool:
    if not {"*", asked["verb"]} & set(rule["verbs"]):
        return False
    if "path" in asked:
        for url in rule.get("nonResourceURLs", ()):
            if url == asked["path"] or (url[-1:] == "*" and asked["path"].startswith(url[:-1])):
                return True
        return False
    if not {"*", asked["group"]} & set(rule.get("apiGroups", ())):
        return False
    whole, part = asked["resource"], asked["subresource"]
    wanted = {"*", f"{whole}/{part}", f"*/{part}"} if part else {"*", whole}
    if not wanted & set(rule.get("resources", ())):
        return False
    names = rule.get("resourceNames")
    return not names or asked["name"] in names


# --- who, and what -------------------------------------------------------------------------


def _subjects() -> Iterator[tuple[str, tuple[str, ...]]]:
    """All whom a default binding names, somebody who has each role in one namespace, and strangers."""
    for binding in (*_facts("cluster-role-bindings"), *_facts("role-bindings")):
        for each in binding.get("subjects", ()):
            if each["kind"] == "Group":
                yield "somebody", (each["name"],)
            elif each["kind"] == "User":
                yield each["name"], ("system:authenticated",)
            else:
                where = each.get("namespace") or binding["metadata"]["namespace"]
                user = f"system:serviceaccount:{where}:{each['name']}"
                yield user, ("system:serviceaccounts", "system:authenticated")
    for role in _facts("cluster-roles"):
        yield f"has {role['metadata']['name']}", ()
    yield "system:admin", ()
    yield "system:serviceaccount:elsewhere:default", ("system:serviceaccounts:elsewhere",)
    yield "nobody", ("system:unauthenticated",)


def _bindings() -> list[Document]:
    """Each cluster role, bound to a user in the namespace default."""
    return [
        {
            "metadata": {"name": f"n{number}", "namespace": "default"},
            "roleRef": {"kind": "ClusterRole", "name": role["metadata"]["name"]},
            "subjects": [{"kind": "User", "name": f"has {role['metadata']['name']}"}],
        }
        for number, role in enumerate(_facts("cluster-roles"))
    ]


def _resources() -> Iterator[tuple[str, str, str]]:
    """All that are served, with their parts, and what roles name besides."""
    for resource in DEFAULT.resources():
        yield resource.group, resource.plural, ""
        for part in resource.subresources:
            yield resource.group, resource.plural, part.name
    for role in (*_facts("cluster-roles"), *_facts("roles")):
        for rule in role.get("rules") or ():
            for group, whole in product(rule.get("apiGroups", ()), rule.get("resources", ())):
                resource, _, part = whole.partition("/")
                yield group, resource, part
    yield "example.com", "things", "status"


def _questions() -> Iterator[tuple[str, tuple[str, ...], Document]]:
    """Drawn by one seed from all that there could be; half of them about what some rule names."""
    random = Random(1)
    subjects = sorted(set(_subjects()))
    resources = sorted(set(_resources()))
    rules = [
        rule
        for role in (*_facts("cluster-roles"), *_facts("roles"))
        for rule in role.get("rules") or ()
    ]
    for number in range(_QUESTIONS):
        user, groups = random.choice(subjects)
        if number % 10 == 0:
            yield (
                user,
                groups,
                {"verb": random.choice(("get", "post")), "path": random.choice(_PATHS)},
            )
            continue
        group, resource, part = random.choice(resources)
        verb, name = random.choice(_VERBS), random.choice(_NAMES)
        rule = random.choice(rules)
        if number % 2 and rule.get("resources"):
            group = random.choice(rule["apiGroups"])
            resource, _, part = random.choice(rule["resources"]).partition("/")
            verb = random.choice(rule["verbs"])
            name = random.choice([name, *rule.get("resourceNames", ())])
        yield (
            user,
            groups,
            {
                "verb": verb,
                "group": group,
                "resource": resource,
                "subresource": part,
                "namespace": random.choice(_NAMESPACES),
                "name": name,
            },
        )


def _review(user: str, groups: tuple[str, ...], asked: Document) -> SubjectAccessReview:
    if "path" in asked:
        path = NonResourceAttributes(**asked)
        spec = SubjectAccessReviewSpec(user=user, groups=groups, non_resource_attributes=path)
    else:
        attributes = ResourceAttributes(**asked)
        spec = SubjectAccessReviewSpec(user=user, groups=groups, resource_attributes=attributes)
    return SubjectAccessReview(spec=spec)


async def test_roles_grant_what_their_documents_say() -> None:
    """To everybody, for every verb, resource and namespace, as a plain reading of the rules has it."""
    bound = _bindings()
    plain = _Plain(bound)
    allowed = 0
    async with Cluster(nodes=0, controllers=(), authorization=("RBAC",)) as cluster:
        for each in bound:
            ref = RoleRef(api_group="rbac.authorization.k8s.io", **each["roleRef"])
            subject = Subject(api_group="rbac.authorization.k8s.io", **each["subjects"][0])
            metadata = ObjectMeta(**each["metadata"])
            await cluster.client.create(
                RoleBinding(metadata=metadata, role_ref=ref, subjects=(subject,))
            )
        reviews = resource_of(SubjectAccessReview)
        for user, groups, asked in _questions():
            review = _review(user, groups, asked)
            answer = await cluster.api.ask(Create(resource=reviews, object=review))
            expected = plain.says(user, groups, asked)
            assert answer.status.allowed is expected, (user, groups, asked)
            allowed += expected
    assert _QUESTIONS // 20 < allowed < _QUESTIONS // 2, "the questions must have both answers"
