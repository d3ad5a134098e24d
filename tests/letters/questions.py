"""What is asked, in order."""

from typing import Final

from tests.letters.asking import Question
from tests.letters.objects import OBJECTS

_TABLE: Final = "application/json;as=Table;g=meta.k8s.io;v=v1"
_PARTIAL: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_PARTIALS: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_DISCOVERY: Final = ";as=APIGroupDiscoveryList;g=apidiscovery.k8s.io;v=v2"
_YAML: Final = "application/yaml"
_PROTOBUF: Final = "vnd.kubernetes.protobuf"
_CONFIG_MAPS: Final = "/api/v1/namespaces/letters/configmaps"


def _made() -> list[Question]:
    """A namespace, and objects of all kinds in it."""
    account = "/api/v1/namespaces/letters/serviceaccounts"
    return [
        Question("POST", "/api/v1/namespaces", body={"metadata": {"name": "letters"}}),
        Question("POST", account, body={"metadata": {"name": "default"}}),
        *(
            Question(
                "POST",
                path.replace("/default/", "/letters/"),
                body=body,
                # A definition takes a moment.
                until=201 if path.startswith("/apis/q.io") else 0,
            )
            for path, body in OBJECTS
        ),
    ]


def _stored() -> list[tuple[str, str]]:
    """Collections, and an object in each."""
    found = []
    for path, body in OBJECTS:
        if "?" not in path and "review" not in path and "customresource" not in path:
            collection = path.replace("/default/", "/letters/")
            found.append((collection, f"{collection}/{body['metadata']['name']}"))
    return found


def _shown() -> list[Question]:
    """Objects that were stored, in each form."""
    found = []
    for collection, one in _stored():
        some = f"{collection}?labelSelector=B%3Dy"
        found += [Question("GET", one, {"Accept": each}) for each in (_TABLE, _PARTIAL, _YAML)]
        found += [Question("GET", some, {"Accept": each}) for each in (_TABLE, _PARTIALS, _YAML)]
        found += [Question("GET", some), Question("GET", f"{one}?pretty=1")]
    return found


def _refused() -> list[Question]:
    """Errors in each form, and in one for people where there is none that the client takes."""
    paths = (f"{_CONFIG_MAPS}/nope", "/api/v1/nope", "/nope", f"{_CONFIG_MAPS}?limit=x")
    forms: tuple[dict[str, str], ...] = (
        {},
        {"Accept": "text/html"},
        {"Accept": _TABLE},
        {"Accept": f"{_TABLE}, application/json"},
        {"Accept": _YAML},
        {"Accept": "application/json;pretty=1"},
        {"User-Agent": "curl/8"},
    )
    return [Question("GET", path, form) for path in paths for form in forms]


def _pages() -> list[Question]:
    """Paths that are no resources."""
    paths = (
        *(
            "/healthz",
            "/livez",
            "/livez?verbose",
            "/readyz?verbose&exclude=ping",
            "/livez?exclude=x",
        ),
        *("/livez/ping", "/readyz/nope", "/healthz/", "/logs", "/metrics/", "/metrics/slis/"),
        *("//api/v1", "/api//v1", "/openapi/v3/nope", "/index.htm", "/version/x", "/openid/v1"),
    )
    methods = ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE")
    places = ("/livez", "/nope", "/api/v1/pods", "/version", "/apis", "/api/v1")
    forms = ("application/json", "text/html", "application/*", "text/plain;as=Flagz", _YAML)
    accepted = (
        *("application/*", "*", "*/json", "application/JSON", "application/json;q=0", ";", ",,"),
        *("application/yaml;q=abc,application/json;q=0.5", "application/yaml;q=1;q=0"),
        *(
            "application/json;g=meta.k8s.io;v=v1",
            "application/json;stream=x",
            "text/html,*/*;q=0.8",
        ),
    )
    asked = ("/apis/batch", "/apis/batch/v1", f"{_CONFIG_MAPS}/c1", f"{_CONFIG_MAPS}/nope")
    return [
        *(Question("GET", path, {"Accept": each}) for path in asked for each in accepted),
        *(Question("GET", path) for path in paths),
        *(Question(method, path) for method in methods for path in places if path != "/apis"),
        *(
            Question("GET", f"/{page}", {"Accept": form})
            for page in ("statusz", "flagz")
            for form in forms
        ),
        *(
            Question("GET", "/api", {"Accept": f"{form}{_DISCOVERY}"})
            for form in (_YAML, "application/json;pretty=1", "application/*", "application/cbor")
        ),
        Question("GET", "/openapi/v2", {"Accept": "text/html"}),
        Question("GET", "/api/v1"),
        Question("GET", "/apis/apps/v1", {"User-Agent": "curl/8"}),
        Question("GET", "/apis/batch", {"Accept": _YAML}),
    ]


def _said_in_the_query() -> list[Question]:
    """Parameters that are strange."""
    of_lists = (
        *(
            "limit=",
            "limit=-1&limit=x",
            "limit=0x1",
            "timeoutSeconds=",
            "timeoutSeconds=1.5",
            "timeout=",
        ),
        *(
            "timeout=x",
            "timeout=1",
            "timeout=1q",
            "timeout=-1s",
            "timeout=0",
            "timeout=61m",
            "timeout=1ns",
        ),
        *("timeout=1s&timeout=x", "labelSelector=a%3Db%2C", "labelSelector=-", "fieldSelector=a"),
        *("continue=x", "continue=e30", "resourceVersion=x", "resourceVersionMatch=Exact", "foo=1"),
        *(
            "resourceVersion=0&resourceVersionMatch=Exact",
            "resourceVersionMatch=x&resourceVersion=1",
        ),
        *("sendInitialEvents=true", "watch=1&continue=x", "watch=1&limit=x"),
    )
    of_writes = (
        *("dryRun=", "dryRun=x", "dryRun=All&dryRun=x", "fieldManager=a%00b", "fieldManager=a%7Fb"),
        *(
            "fieldValidation=x",
            "dryRun=All&timeout=x",
            "dryRun=All&timeout=1ns",
            "dryRun=All&force=x",
        ),
    )
    body = {"metadata": {"name": "said"}}
    one = f"{_CONFIG_MAPS}/nope"
    return [
        *(Question("GET", f"{_CONFIG_MAPS}?{query}&labelSelector=no") for query in of_lists),
        *(Question("POST", f"{_CONFIG_MAPS}?{query}", body=body) for query in of_writes),
        *(Question("DELETE", f"{one}?{query}") for query in ("timeout=x", "gracePeriodSeconds=")),
        Question("DELETE", f"{_CONFIG_MAPS}?timeout=1ns&labelSelector=no"),
        Question("GET", "/version?timeout=x"),
        Question("GET", "/livez?timeout=1ns"),
    ]


def _wrong_in_several_ways() -> list[Question]:
    """Lists and watches of which one thing is told, and of which another one is not."""
    of_lists = (
        *("timeoutSeconds=x&limit=", "limit=x&labelSelector=-a", "labelSelector=-a&continue=x"),
        *("fieldSelector=a%3Db&resourceVersionMatch=x"),
    )
    of_watches = (
        *("", "resourceVersion=x", "resourceVersion=x&labelSelector=-a", "resourceVersionMatch=x"),
        *("resourceVersion=x&fieldSelector=a%3Db", "includeObject=x", "includeObject=x&limit="),
        *("includeObject=x&labelSelector=a+in", "includeObject=x&resourceVersion=x"),
        "resourceVersionMatch=x&fieldSelector=a%3Db",
    )
    foos, metadata = "/apis/q.io/v1/namespaces/letters/foos", _PARTIAL.replace("json", _PROTOBUF)
    return [
        *(Question("GET", f"{_CONFIG_MAPS}?{each}") for each in of_lists),
        *(
            Question("GET", f"{_CONFIG_MAPS}?watch=1&{each}", {"Accept": form})
            for each in of_watches
            for form in (_YAML, _TABLE)
            if form == _YAML or each
        ),
        Question("GET", f"{foos}?limit=x", {"Accept": metadata}),
        Question("GET", f"{foos}?limit=x", {"Accept": f"application/{_PROTOBUF}"}),
    ]


def _said_in_the_line() -> list[Question]:
    """Escapes that are none, parameters that Go does not read, and signs that are not ASCII's."""
    queries = (
        *("limit=%zz", "limit=x;y", "limit=x&a;b", "limit=x&%zz", "limit=%zz&limit=x", "%zz"),
        *("lim%69t=x", "limit=\u00e9", "limit=+1", "limit=1%"),
    )
    paths = (
        *(f"{_CONFIG_MAPS}/\u00e9", f"{_CONFIG_MAPS}/%C3%A9", "/\u00e9", f"{_CONFIG_MAPS}/a%zz"),
        f"{_CONFIG_MAPS}/%zz/",
    )
    return [
        *(Question("GET", f"{_CONFIG_MAPS}?{each}&labelSelector=no") for each in queries),
        *(Question("GET", each) for each in paths),
        *(Question("HEAD", f"/apis/q.io/v1/namespaces/letters/foos{each}") for each in ("", "/x")),
    ]


def _told_of_the_body() -> list[Question]:
    """Media types that are none, and none that is known."""
    types = (
        *(";", "application/json;", "application/json;q", "application/json ; x=1", "json"),
        *('application/json;x="', 'application/json;x="a b"', "Application/JSON", "application/"),
    )
    patches = ("application/Merge-Patch+json", "application/merge-patch+json;q", ";", "text/plain")
    body = {"metadata": {"name": "told"}}
    return [
        *(
            Question("POST", f"{_CONFIG_MAPS}?dryRun=All", {"Content-Type": each}, body)
            for each in types
        ),
        *(
            Question("PATCH", f"{path}?dryRun=All", {"Content-Type": each}, {})
            for each in patches
            for path in (f"{_CONFIG_MAPS}/nope", "/apis/q.io/v1/namespaces/letters/foos/nope")
        ),
    ]


def _in_yaml() -> list[Question]:
    """Aliases, directives and values of YAML that JSON does not have."""
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\n"
    parts = (
        *("data: {a: &x b, c: *x}\n", "data: *nope\n", "data: &a [*a]\n", "data: {a: .inf}\n"),
        *("data: {a: -.inf}\n", "data: {a: .nan}\n", "data: {a: 1e400}\n", "data: {1.5: a}\n"),
    )
    many = "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
    texts = (
        *(f"{head}{each}" for each in parts),
        f"a0: &a0 [x]\n{many}",
        f"%YAML 1.2\n---\n{head}",
        "metadata: {name: yaml, generation: 1.0}\n",
        "metadata: {name: yaml, generation: 1.5}\n",
    )
    applied = f"{_CONFIG_MAPS}/yaml?dryRun=All&fieldManager=m"
    return [
        *(
            Question("POST", f"{_CONFIG_MAPS}?dryRun=All", {"Content-Type": _YAML}, e)
            for e in texts
        ),
        *(
            Question("PATCH", applied, {"Content-Type": "application/apply-patch+yaml"}, each)
            for each in texts[1:-2]
        ),
    ]


def _misread() -> list[Question]:
    """Bodies that are no documents, or do not fit."""
    deployments = "/apis/apps/v1/namespaces/letters/deployments?dryRun=All"
    numbers = ("1e3", "1E3", "1.50", "1e-3", "1e20", "2147483648", "NaN", "5.", "-", '"1"', "true")
    texts = ("", "{", "nul", '{"a":1e}', '{"a":1,}', "{} x", "[]", '{"a" 1}', '{"kind":1.5}')
    huge = ('"generation":1e400', '"foo":-1e400', '"labels":{"a":1e400}', '"annotations":1e400')
    foos = "/apis/q.io/v1/namespaces/letters/foos"
    patches = (
        ("application/merge-patch+json", '{"metadata":{"generation":1e400}}'),
        ("application/strategic-merge-patch+json", '{"a":[1e400]}'),
        ("application/json-patch+json", '[{"op":"add","path":"/a","value":1e400}]'),
    )
    twice = '{"metadata":{"name":"x"},"data":{"a":"1","a":"2"},"foo":1,"bar":{"x":1}}'
    strict = f"{_CONFIG_MAPS}?dryRun=All&fieldValidation=Strict"
    return [
        *(
            Question(
                "POST",
                deployments,
                body=f'{{"metadata":{{"name":"d"}},"spec":{{"replicas":{each}}}}}',
            )
            for each in numbers
        ),
        *(
            Question(
                "POST", _CONFIG_MAPS, body=f'{{"metadata":{{"name":"x","generation":{each}}}}}'
            )
            for each in numbers
        ),
        *(Question("POST", _CONFIG_MAPS, body=each) for each in texts),
        *(
            Question(
                "POST", f"{_CONFIG_MAPS}?dryRun=All", body=f'{{"metadata":{{"name":"x",{each}}}}}'
            )
            for each in huge
        ),
        Question("POST", foos, body='{"apiVersion":"q.io/v1","kind":"Foo","zz":{"a":[1e400]}}'),
        *(
            Question("PATCH", f"{_CONFIG_MAPS}/c1", {"Content-Type": form}, body)
            for form, body in patches
        ),
        Question(
            "PATCH",
            f"{_CONFIG_MAPS}/c1",
            {"Content-Type": "application/merge-patch+json"},
            '{"metadata":{"generation":1.5}}',
        ),
        Question("GET", "/api/v1/namespaces/letters/services/nope:http/proxy/"),
        *(
            Question("GET", f"/api/v1/namespaces/letters/pods/nope/log?{query}")
            for query in (
                *("", "stream=Stdout", "tailLines=", "limitBytes=x", "container=x&tailLines=-1"),
                "sinceTime=2020-01-01T00:00:00Z&sinceSeconds=1",
                "tailLines=-1&limitBytes=-1&sinceSeconds=0",
            )
        ),
        Question("POST", _CONFIG_MAPS, body='{"apiVersion":"a/b/c","kind":"ConfigMap"}'),
        Question("POST", strict, body=twice),
        Question("POST", f"{_CONFIG_MAPS}?dryRun=All", body=twice),
    ]


QUESTIONS: Final = (
    *_made(),
    *_shown(),
    *_refused(),
    *_pages(),
    *_said_in_the_query(),
    *_wrong_in_several_ways(),
    *_said_in_the_line(),
    *_told_of_the_body(),
    *_in_yaml(),
    *_misread(),
)
# What is asked for in two forms, which are compared with one another: a path, and what is said of the form.
IN_TWO_FORMS: Final = (
    *((path, "") for path in ("/api", "/apis", "/api/v1", "/apis/apps/v1", "/apis/batch")),
    *((path, _DISCOVERY) for path in ("/api", "/apis")),
    # What a raw extension holds is written as its sender has spaced it, which is not kept here.
    *((one, "") for _, one in _stored() if "q.io" not in one and "revisions" not in one),
    (f"{_CONFIG_MAPS}/c1", _PARTIAL.removeprefix("application/json")),
    ("/apis/q.io/v1/namespaces/letters/foos/f1", _PARTIAL.removeprefix("application/json")),
)
# Descriptions, of which the protobuf form is gnostic's.
DESCRIPTIONS: Final = ("/openapi/v3/version", "/openapi/v3/api", "/openapi/v3/apis/q.io/v1")
