"""kubectl as somebody who may not do everything."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients.conftest import Kubectl

_ROLES = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: [get, list]}
- {apiGroups: [apps], resources: [deployments, deployments/scale], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}
- {kind: ServiceAccount, name: robot}
"""


@pytest.fixture(name="kubectl")
def in_a_namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> Kubectl:
    """Where jane and the account robot may read config maps and manage deployments."""
    own = kubectl.within(request.node.name.replace("_", "-")[:60].strip("-"))
    own("create", "serviceaccount", "robot")
    own("apply", "-f", "-", stdin=_ROLES)
    return own


def test_can_i_says_what_the_roles_say(kubectl: Kubectl) -> None:
    """Yes and no, with an exit code, for resources, parts, paths and names."""
    ask = ("auth", "can-i")
    assert kubectl(*ask, "create", "deployments.apps", "--as", "jane").strip() == "yes"
    assert kubectl(*ask, "update", "deployments.apps/scale", "--as", "jane").strip() == "yes"
    assert kubectl(*ask, "get", "/healthz", "--as", "jane").strip() == "yes"
    for words in (("get", "secrets"), ("list", "nodes"), ("get", "/metrics")):
        done = kubectl.run(*ask, *words, "--as", "jane")
        assert (done.returncode, done.stdout.strip()) == (1, "no"), words
    assert kubectl(*ask, "--list").split("\n")[1].split()[:2] == ["*.*", "[]"]


def test_can_i_lists_what_somebody_may(kubectl: Kubectl) -> None:
    """What her roles grant there, and what everybody with a name may."""
    listed = kubectl("auth", "can-i", "--list", "--as", "jane", "--as-group", "devs")
    found = {line.split()[0]: line for line in listed.splitlines()[1:]}
    assert "[get list]" in found["configmaps"]
    assert "[*]" in found["deployments.apps/scale"]
    assert "selfsubjectreviews.authentication.k8s.io" in found
    assert "[/healthz]" in listed
    assert "secrets" not in found


def test_whoami_says_who_one_is(kubectl: Kubectl) -> None:
    """Oneself, and somebody else."""
    assert "system:masters" in kubectl("auth", "whoami")
    shown = json.loads(kubectl("auth", "whoami", "-o", "json", "--as", "jane", "--as-uid", "7"))
    info = shown["status"]["userInfo"]
    assert info == {"username": "jane", "uid": "7", "groups": ["system:authenticated"]}


def test_a_refusal_says_who_may_not_do_what(kubectl: Kubectl) -> None:
    """As Kubernetes words it."""
    assert "No resources found" in kubectl.run("get", "deployments", "--as", "jane").stderr
    assert re.search(
        r'secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the '
        r'namespace "[^"]+"',
        kubectl.refused("get", "secrets", "--as", "jane"),
    )
    assert 'namespaces "kube-system" is forbidden' in kubectl.refused(
        "get", "namespace", "kube-system", "--as", "jane"
    )


def test_a_token_is_a_users_way_in(kubectl: Kubectl, kubeconfig: Path, tmp_path: Path) -> None:
    """`kubectl create token` makes it; with it one is the account, and may what that may."""
    token = kubectl("create", "token", "robot", "--duration", "10m").strip()
    config: Any = yaml.safe_load(kubeconfig.read_text())
    config["users"] = [{"name": "robot", "user": {"token": token}}]
    config["contexts"][0]["context"]["user"] = "robot"
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    robot = kubectl.using(path)
    assert "system:serviceaccount:" in robot("auth", "whoami")
    assert "kube-root-ca.crt" in robot("get", "configmaps")
    assert "is forbidden" in robot.refused("get", "pods")
    kubectl("delete", "serviceaccount", "robot")
    assert "Unauthorized" in robot.refused("get", "configmaps")


def test_reconcile_brings_roles_up_to_what_a_file_says(kubectl: Kubectl) -> None:
    """Adding what is missing, and taking nothing away; kubectl wants the namespace in the file."""
    namespace = kubectl("get", "role", "reader", "-o", "jsonpath={.metadata.namespace}")
    where = f"{{name: reader, namespace: {namespace}}}"
    more = _ROLES.replace("[get, list]", "[watch]").replace("{name: reader}", where)
    assert "reconciled" in kubectl("auth", "reconcile", "-f", "-", stdin=more)
    rules = json.loads(kubectl("get", "role", "reader", "-o", "json"))["rules"]
    verbs = {verb for rule in rules if "configmaps" in rule["resources"] for verb in rule["verbs"]}
    assert verbs == {"get", "list", "watch"}


def test_nobody_gives_herself_more(kubectl: Kubectl) -> None:
    """A writer of roles is held to what she has."""
    kubectl("create", "role", "writer", "--verb=create", "--resource=roles")
    kubectl("create", "rolebinding", "writer", "--role=writer", "--user=jane")
    complaint = kubectl.refused(
        "create", "role", "more", "--verb=get", "--resource=secrets", "--as", "jane"
    )
    assert "attempting to grant RBAC permissions not currently held" in complaint
    kubectl("create", "role", "less", "--verb=get", "--resource=configmaps", "--as", "jane")
