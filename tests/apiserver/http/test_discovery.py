"""Which paths there are, as clients ask for them; the recorded dialogues have the documents whole."""

import pytest

from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.http.discovery import Discovery, form_of
from orchestrator.protocol import NotAcceptable

_V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
_V2BETA1 = _V2.replace("v=v2", "v=v2beta1")
_ALL = ["apis"]
_VERSION = ["apis", "apps", "v1"]


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (_V2, True),
        (f"{_V2},{_V2BETA1},application/json", True),
        (f"{_V2BETA1},application/json", False),
        (_V2.replace("json", "vnd.kubernetes.protobuf"), True),
        ("application/json", False),
        ("", False),
    ],
)
def test_the_aggregated_form_is_for_those_who_like_it_best(accept: str, wanted: bool) -> None:
    """An unknown version of it counts as nothing where the client takes the old form, too."""
    assert form_of(accept, _ALL)[1] is wanted
    assert not form_of(f"{accept},*/*", _ALL, slash=True)[1]


def test_who_wants_only_a_version_that_is_gone_is_refused() -> None:
    """Kubernetes 1.36 does not serve v2beta1 any more."""
    with pytest.raises(NotAcceptable):
        form_of(_V2BETA1, _ALL)


@pytest.mark.parametrize(
    ("accept", "parts", "words"),
    [
        (_TABLE, _VERSION, "only the following"),
        (_TABLE, _ALL, "only the following"),
        ("text/plain", _VERSION, "406: Not Acceptable"),
        ("text/plain", ["apis", "apiregistration.k8s.io"], "406: Not Acceptable"),
        ("text/plain", ["apis", "apps"], "only the following"),
        ("text/plain", _ALL, "only the following"),
    ],
)
def test_the_old_documents_have_no_shapes(accept: str, parts: list[str], words: str) -> None:
    """Nor other media types than objects have; the documents of groups say so in words of their own."""
    with pytest.raises(NotAcceptable, match=words):
        form_of(accept, parts)


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", "json"),
        ("*/*", "json"),
        (f"{_TABLE},application/json", "json"),
        ("application/yaml", "yaml"),
        ("application/vnd.kubernetes.protobuf,application/json", "protobuf"),
    ],
)
def test_who_takes_the_plain_form_gets_it(accept: str, media: str) -> None:
    """It may be the last of several."""
    assert [form_of(accept, each)[0].media for each in (_VERSION, _ALL)] == [media, media]


def test_a_resource_of_ones_own_says_its_group() -> None:
    """Built-in resources leave it out of the aggregated form, custom ones do not; paths follow."""
    scheme = Scheme.builtin()
    discovery = Discovery(scheme)
    scheme.register(
        Resource("stable.example", "v1", "things", "Thing", namespaced=True, verbs=("get", "list"))
    )
    document = discovery.find(["apis"], aggregated=True)
    assert document is not None
    own = b'"responseKind":{"group":"stable.example","version":"v1","kind":"Thing"}'
    builtin = b'"responseKind":{"group":"","version":"","kind":"Deployment"}'
    assert own in document.data
    assert builtin in document.data
    assert "/apis/stable.example/v1" in discovery.paths()
