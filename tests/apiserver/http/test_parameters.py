"""What a list and a watch ask for, read from the query as Kubernetes reads it."""

import pytest
from multidict import MultiDict

from orchestrator.apiserver.http.parameters import list_options
from orchestrator.protocol import Invalid

_CONTINUED = "resourceVersionMatch is forbidden when continue is provided"


@pytest.mark.parametrize("version", ["", "0"])
def test_a_watch_from_nowhere_is_told_where_the_present_ends(version: str) -> None:
    """Kubernetes gives it the defaults of one that asks for its initial events; no other has them."""
    found = list_options(MultiDict(resourceVersion=version), watch=True)
    assert (found.send_initial, found.match) == (True, "NotOlderThan")
    assert list_options(MultiDict(resourceVersion=version), watch=False).send_initial is None
    assert list_options(MultiDict(resourceVersion="7"), watch=True).send_initial is None


def test_a_continue_token_contradicts_a_match_alone() -> None:
    """A watch passes over the token otherwise, but one from nowhere has a match by default."""
    token = MultiDict({"continue": "token", "resourceVersion": "7"})
    assert list_options(token, watch=True).continue_token == "token"
    with pytest.raises(Invalid, match=_CONTINUED):
        list_options(MultiDict({"continue": "token"}), watch=True)
    with pytest.raises(Invalid) as refused:
        list_options(MultiDict({**token, "sendInitialEvents": "true"}), watch=True)
    assert _CONTINUED not in str(refused.value)
