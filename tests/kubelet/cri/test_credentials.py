"""Which credentials are tried for an image."""

import base64
import json
from typing import Any

import pytest

from orchestrator.api.core.v1 import Secret
from orchestrator.kubelet.runtimes.cri.credentials import credentials_for


def _secret(auths: dict[str, Any], *, old: bool = False) -> Secret:
    document = json.dumps(auths if old else {"auths": auths}).encode()
    key = ".dockercfg" if old else ".dockerconfigjson"
    return Secret(data={key: base64.b64encode(document).decode()})


@pytest.mark.parametrize(
    ("address", "image", "is_for"),
    [
        ("https://index.docker.io/v1/", "nginx", True),
        ("registry.example.com", "registry.example.com/team/web:1", True),
        ("https://registry.example.com/v2/", "registry.example.com/web", True),
        ("*.example.com", "registry.example.com/web", True),
        ("*.example.com", "example.com/web", False),
        ("registry.example.com:5000", "registry.example.com/web", False),
        ("registry.example.com/team", "registry.example.com/team/web", True),
        ("registry.example.com/other", "registry.example.com/team/web", False),
    ],
)
def test_credentials_are_for_a_registry_or_a_part_of_it(
    address: str, image: str, is_for: bool
) -> None:
    """Old names of Docker's registry and of the API are understood, and `*` for a part of a host's name."""
    entry = {"auth": base64.b64encode(b"me:my:word").decode()}
    found = credentials_for(image, [_secret({address: entry}, old=True)])
    told = {"username": "me", "password": "my:word", "identity_token": "", "registry_token": ""}
    assert found == ([told] if is_for else [])


def test_who_names_more_is_tried_first() -> None:
    """And what is no document has no credentials."""
    broken = Secret(data={".dockerconfigjson": base64.b64encode(b"{").decode()})
    wide = _secret({"a.io": {"username": "wide", "password": "p"}})
    narrow = _secret({"a.io/team": {"username": "narrow", "password": "p"}})
    found = credentials_for("a.io/team/web", [broken, wide, narrow])
    assert [each["username"] for each in found] == ["narrow", "wide"]
