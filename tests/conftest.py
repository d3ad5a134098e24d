"""What all tests share: Ctrl-C, even where a script runs them in the background; and components' rights."""

import re
import signal
from collections.abc import Iterator
from typing import Any, Final

import pytest

from orchestrator.apiserver import errors
from orchestrator.protocol import Forbidden, Identity

signal.signal(signal.SIGINT, signal.default_int_handler)

_COMPONENT: Final = re.compile(
    "system:(kube-scheduler|kube-controller-manager|kube-proxy|node:.*|serviceaccount:kube-system:.*)"
)


@pytest.fixture(autouse=True)
def _no_component_is_refused(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The roles that Kubernetes gives its components suffice for all that ours do, in each test.

    A test that refuses one on purpose is marked `refuses_components`.
    """
    found: list[str] = []
    original = errors.refused

    def noting(identity: Identity, *about: Any, **more: Any) -> Forbidden:
        error = original(identity, *about, **more)
        if _COMPONENT.fullmatch(identity.name):
            found.append(error.message)
        return error

    monkeypatch.setattr(errors, "refused", noting)
    yield
    if request.node.get_closest_marker("refuses_components") is None:
        assert not found
