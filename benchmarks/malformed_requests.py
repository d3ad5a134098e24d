"""Requests without sense, drawn at random: most are HTTP, and then wrong inside."""

import json
import re
from random import Random
from typing import Any

_METHODS = (
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "CONNECT",
    "BREW",
    "get",
    "",
)
_SEGMENTS = (
    *("", "api", "apis", "v1", "apps", "namespaces", "default", "pods", "configmaps", "watch"),
    *("status", "scale", "exec", "log", "proxy", "token", "eviction", "finalize", "..", ".", "%2e"),
    *("%2F", "%00", "%zz", "\xff", "*", "a" * 300, "deployments", "secrets", "nodes", "livez"),
    *("openapi", "v2", "v3", "version", "metrics", "debug", "~", "{}", "apiextensions.k8s.io"),
    *("customresourcedefinitions", "subjectaccessreviews", "authorization.k8s.io", "c"),
    *("bindings", "binding", "tokenreviews", "9" * 40, "-", "a/" * 60, "attach", "portforward"),
)
LONG = "9" * 5_000
_QUERIES = (
    *(
        "watch=true&timeoutSeconds=0",
        "limit=-1",
        "limit=99999999999999999999",
        "limit=1&continue=x",
    ),
    *(
        "labelSelector=a%20in%20(",
        "fieldSelector=%3D%3D",
        "resourceVersion=-5",
        "resourceVersion=x",
    ),
    *("resourceVersionMatch=Exact", "dryRun=Some", "fieldValidation=Maybe", "pretty=1", "&&&=&"),
    *(
        "propagationPolicy=Never",
        "gracePeriodSeconds=x",
        "fieldManager=" + "m" * 200,
        "force=maybe",
    ),
    *(
        "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ",
        "includeObject=All",
        "timeout=1h1",
        "%=%",
        "a=" * 50,
    ),
    *(
        f"resourceVersion={LONG}",
        f"limit={LONG}",
        "labelSelector=" + "a," * 2_000,
        "labelSelector=a%20notin%20(" + ",".join("b" * 60 for _ in range(50)) + ")",
        "labelSelector=!!a%3D%3Db",
        "fieldSelector=metadata.name%3D%5C%5C,,spec.nodeName!%3D",
    ),
    *(
        "limit=2&continue=" + "A" * 3_999,
        "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiLi4vLi4vIn0",
        f"ports={LONG}&ports=0&command=%00",
        "sendInitialEvents=perhaps&watch=1",
        "watch=true&timeoutSeconds=1&resourceVersion=999999999",
    ),
)
_HEADERS = (
    *("X-Remote-User: root", "X-Forwarded-For: " + "1," * 500, "Expect: 100-continue", "Range: x"),
    *("If-None-Match: *", "Accept-Encoding: gzip;q=z", "Content-Encoding: gzip", "Audit-Id: \x01"),
    *("Host: y", "Cookie: " + "c" * 5_000, "Sec-WebSocket-Key: x", "Accept-Language: \xe4\xf6"),
    *("X-Stream-Protocol-Version: v9", "User-Agent: " + "%s" * 300, "Authorization: Negotiate x"),
    *("Traceparent: 00-" + "0" * 70, "Content-Length: 7", "Transfer-Encoding: identity"),
)
# Protobuf's magic with an envelope that ends early, nests or lies about its length; CBOR with its own tag.
_BINARY = (
    *(b"k8s\x00\n\x04\n\x02v1\x12\xff\xff\xff\xff\x0f", b"k8s\x00" + b"\x0a\x7f" * 200),
    *(
        b"k8s\x00\n\x0f\n\x02v1\x12\tConfigMap\x12\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
        b"k8s\x00",
    ),
    *(b"\xd9\xd9\xf7\xa1aaaa", b"\xd9\xd9\xf7" + b"\x81" * 5_000, b"\xbf" + b"\x61a" * 100),
)
_TYPES = (
    *("application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "text/plain"),
    *(
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/apply-patch+yaml",
    ),
    *("application/strategic-merge-patch+json", "multipart/form-data", "", "a/b;c=d;;", "\x7f"),
    *("application/cbor", "application/apply-patch+cbor", "application/json;stream=watch"),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 2**63, 1e308, "", "x" * 5000, "\u0000", "\ud7ff", [], {}, [[]], {"": {}}),
    *({"a": None}, [None], {"metadata": []}, {"spec": 7}, {"$patch": "replace"}, {"$patch": 3}),
)
_KEYS = (
    *("apiVersion", "kind", "metadata", "spec", "status", "data", "name", "namespace", "labels"),
    *("annotations", "finalizers", "ownerReferences", "managedFields", "containers", "replicas"),
    *(
        "selector",
        "template",
        "op",
        "path",
        "value",
        "from",
        "items",
        "",
        "$patch",
        "$setElementOrder/x",
    ),
)
_GOOD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "c", "namespace": "default"},
    "data": {"a": "b"},
}

_NO_REVISION = re.compile(rb"^(GET|HEAD|PUT|PATCH|DELETE) .*[?&]resourceVersion=(-|x|9{20})")
_YET_TO_COME = re.compile(rb"^(GET|HEAD) .*[?&]resourceVersion=9{9}([&# ]|$)")


def _value(random: Random, depth: int = 0) -> Any:
    """Something that JSON can say."""
    if depth > 4 or random.random() < 0.3:
        return random.choice(_VALUES)
    if random.random() < 0.3:
        return [_value(random, depth + 1) for _ in range(random.randrange(4))]
    return {random.choice(_KEYS): _value(random, depth + 1) for _ in range(random.randrange(5))}


def _body(random: Random) -> bytes:
    """A document with a fault, or no document."""
    match random.randrange(13):
        case 0:
            return random.randbytes(random.randrange(200))
        case 1:
            return b"k8s\x00" + random.randbytes(random.randrange(100))
        case 2:
            return b"[" * random.choice((10, 2_000, 20_000))
        case 3:
            return b'{"a":' * random.choice((10, 2_000, 20_000)) + b"1"
        case 4:
            return b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b, *c]\n"
        case 5:
            text = json.dumps({**_GOOD, random.choice(_KEYS): _value(random)}).encode()
            return text[: random.randrange(len(text) + 1)]
        case 6:
            return json.dumps(_value(random)).encode()
        case 7:
            metadata = {**_GOOD["metadata"], random.choice(_KEYS): _value(random)}
            return json.dumps({**_GOOD, "metadata": metadata}).encode()
        case 8:
            return random.choice(_BINARY) + random.randbytes(random.randrange(60))
        case 9:
            digits = random.choice((LONG, f"-{LONG}", f"1e{LONG}", f"0.{LONG}", "1E400"))
            return (
                b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c","generation":%b}}'
                % (digits.encode())
            )
        case 10:
            owners = [{"manager": "m", "operation": "Apply", "fieldsV1": _value(random)}]
            metadata = {**_GOOD["metadata"], "managedFields": owners}
            return json.dumps({**_GOOD, "metadata": metadata, random.choice(_KEYS): {}}).encode()
        case 11:
            return b"metadata: {name: c}\n" + b"? [a, b]\n: !!binary x\n" + b"- " * 500
    patch = [
        {"op": random.choice(("add", "remove", "test", "copy", "fly")), "path": _path(random)}
        for _ in range(random.randrange(4))
    ]
    return json.dumps(patch).encode()


def _path(random: Random) -> str:
    if random.random() < 0.5:
        start = random.choice(("/api/v1", "/apis/apps/v1", "/apis"))
        kind = random.choice(("pods", "configmaps", "deployments", "secrets", "x"))
        base = f"{start}/namespaces/default/{kind}"
        return random.choice((base, f"{base}/c", f"{base}/c/{random.choice(_SEGMENTS)}"))
    return "/" + "/".join(random.choice(_SEGMENTS) for _ in range(random.randrange(8)))


def draw(random: Random) -> bytes:
    """One request as bytes: most are HTTP, and then wrong inside."""
    if random.random() < 0.1:
        return random.randbytes(random.randrange(1, 300)) + b"\r\n\r\n"
    body = _body(random)
    query = f"?{random.choice(_QUERIES)}" if random.random() < 0.4 else ""
    length = str(len(body)) if random.random() < 0.95 else random.choice(("-1", "x", "5, 5"))
    lines = [
        f"{random.choice(_METHODS)} {_path(random)}{query} HTTP/1.1",
        "Host: x",
        f"Content-Length: {length}",
        "Connection: close",
        f"Content-Type: {random.choice(_TYPES)}",
        f"Accept: {random.choice((*_TYPES, '*/*', 'application/json;as=Table;g=meta.k8s.io;v=v1'))}",
    ]
    if random.random() < 0.1:
        lines.append(f"Impersonate-{random.choice(('User', 'Group', 'Uid', 'Extra-%zz'))}: \xe4")
    if random.random() < 0.1:
        lines.append(
            f"Authorization: {random.choice(('Bearer', 'Bearer x.y.z', 'Basic e', ': :'))}"
        )
    if random.random() < 0.2:
        lines.extend(random.sample(_HEADERS, random.randrange(1, 4)))
    if random.random() < 0.05:
        protocol = random.choice(
            ("v5.channel.k8s.io", "v9", "base64url.bearer.authorization.k8s.io.x")
        )
        lines += [
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Protocol: {protocol}",
        ]
        lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA=="]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


def is_fault(request: bytes, answer: bytes) -> bool:
    """Whether the beginning of an answer tells of a fault of the server's.

    What Kubernetes has not implemented is no fault: a method of HTTP that it does not know. A revision that is
    no number it calls an internal error, where one object is asked for. For one that is yet to come a list waits,
    and is told that it took too long.
    """
    code = answer.split(b" ")[1] if answer.startswith(b"HTTP/") else b""
    line = request.split(b"\r\n")[0]
    known = (
        code == b"501"
        or (code == b"500" and _NO_REVISION.search(line))
        or (code == b"504" and _YET_TO_COME.search(line))
    )
    return code.startswith(b"5") and not known
