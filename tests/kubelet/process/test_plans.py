"""As whom containers run."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import convert

from orchestrator.api.core.v1 import Container, Pod, PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.kubelet.runtimes.process.images import Image
from orchestrator.kubelet.runtimes.process.plans import rights_of
from orchestrator.kubelet.runtimes.real import ConfigFault

_USERS = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\n"
_GROUPS = "root:x:0:\nusers:x:1001:\nstaff:x:50:alice,bob\naudio:x:29:bob\n"


@pytest.fixture
def root(tmp_path: Path) -> str:
    """The root directory of an image that knows some people."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(_USERS)
    (tmp_path / "etc/group").write_text(_GROUPS)
    return str(tmp_path)


def _pod(**context: Any) -> Pod:
    spec = convert({"containers": [{"name": "c"}], "securityContext": context}, PodSpec)
    return Pod(metadata=ObjectMeta(name="p", namespace="n", uid="u"), spec=spec)


@pytest.mark.parametrize(
    ("context", "user", "uid", "gid", "groups"),
    [
        ({}, "", 0, 0, (0,)),
        ({}, "alice", 1000, 1001, (50, 1001)),
        ({}, "alice:staff", 1000, 50, (50,)),
        ({}, "7:8", 7, 8, (8,)),
        ({"runAsUser": 1000}, "", 1000, 1001, (50, 1001)),
        ({"runAsUser": 5, "runAsGroup": 6, "fsGroup": 9}, "alice", 5, 6, (6, 9)),
        ({"runAsUser": 1000, "supplementalGroups": [3]}, "", 1000, 1001, (3, 50, 1001)),
        (
            {"runAsUser": 1000, "supplementalGroups": [3], "supplementalGroupsPolicy": "Strict"},
            "",
            1000,
            1001,
            (3, 1001),
        ),
    ],
)
def test_users_and_groups_are_the_pod_s_or_the_image_s(
    root: str, context: dict[str, Any], user: str, uid: int, gid: int, groups: tuple[int, ...]
) -> None:
    """What the pod does not say the image does; its groups of the user are added, unless the pod's policy is strict."""
    rights = rights_of(_pod(**context), Container(name="c"), Image("i", user=user), root)
    assert (rights.uid, rights.gid, rights.groups) == (uid, gid, groups)


@pytest.mark.parametrize(
    ("context", "user", "said"),
    [
        ({}, "carol", "unable to find user carol: no matching entries in passwd file"),
        ({}, "1:crew", "unable to find group crew: no matching entries in group file"),
        ({"runAsNonRoot": True}, "", "container has runAsNonRoot and image will run as root"),
        (
            {"runAsNonRoot": True, "runAsUser": 0},
            "",
            "container's runAsUser breaks non-root policy",
        ),
        (
            {"runAsNonRoot": True},
            "alice",
            "container has runAsNonRoot and image has non-numeric user (alice), cannot verify",
        ),
    ],
)
def test_who_may_not_run_is_told_why(
    root: str, context: dict[str, Any], user: str, said: str
) -> None:
    """In the words of the kubelet, and of containerd where it looks for names."""
    with pytest.raises(ConfigFault) as fault:
        rights_of(_pod(**context), Container(name="c"), Image("i", user=user), root)
    assert str(fault.value).startswith(said)
