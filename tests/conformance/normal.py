"""Makes answers comparable: what differs from run to run becomes a name.

Only the media type and Warning headers count. Identifiers, revisions, times near now, generated names,
addresses, ports and versions of the server become `<uid>`, `<rv>`, `<time>`, `<rand>`, `<ip>`, `<port>`,
`<version>`; the values of the case's variables become `${name}`. A step's own `only`, `ignore`, `sort` and
`among` come last.
"""

import copy
import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.conformance.cases import Case

MISSING: Final = "<missing>"
_UUID: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_TOKEN: Final = re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}")
_VERSIONS: Final = frozenset(
    {
        "gitVersion",
        "gitCommit",
        "gitTreeState",
        "buildDate",
        "goVersion",
        "compiler",
        "platform",
        "major",
        "minor",
        "emulationMajor",
        "emulationMinor",
        "minCompatibilityMajor",
        "minCompatibilityMinor",
    }
)
_AGES: Final = frozenset({"Age", "Duration", "Last Seen", "First Seen", "Last Schedule"})
_DURATION: Final = re.compile(r"^(\d+[smhdy])+$|^<unknown>$|^<invalid>$")
_RANDOM: Final = "[bcdfghjklmnpqrstvwxz2456789]{5}(?![a-z0-9])"
_NAMES: Final = ("ns", "id", "ip", "webhook", "webhookCA")
_REPLACED: Final = (
    (re.compile(r"(resource ?[vV]ersion: )\d+( \()\d+(\))"), r"\1<rv>\2<rv>\3"),
    (re.compile(r"(current: )\d+"), r"\1<rv>"),
    (
        re.compile(
            r'(?s)Invalid value: "\{\\"(apiVersion|kind|metadata)\\".*\}(\\n)?"',
        ),
        "Invalid value: <object>",
    ),
    (re.compile(r"hash=[0-9A-Fa-f]{32,}"), "hash=<hash>"),
    (re.compile(r"(retry after )\d+s"), r"\1<n>s"),
)
_GO_DIFF: Final = re.compile(
    r"(?s)\n\s*(@@ |&?[\w.]+\{|\[\][\w.]+\{|map\[|strings\.Join).*",
)
_SECONDS_A_DAY: Final = 86_400


def pointer(value: Any, path: str) -> Any:
    """What is at a JSON pointer; MISSING if nothing is."""
    for part in path.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, TypeError, ValueError):
            return MISSING
    return value


def is_watch(request: Mapping[str, Any]) -> bool:
    """Whether the answer is a stream of events."""
    query = parse_qs(urlsplit(request["path"]).query)
    return query.get("watch", ["0"])[0] not in ("", "0", "false") or "/watch/" in request["path"]


def differences(wanted: Any, got: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each place that is not equal, what a reader asks for first before the rest."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key in sorted(
            set(wanted) | set(got), key=lambda k: (k not in ("status", "reason", "message"), str(k))
        ):
            where = f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"
            yield from differences(wanted.get(key, MISSING), got.get(key, MISSING), where)
    elif isinstance(wanted, list) and isinstance(got, list):
        for index in range(max(len(wanted), len(got))):
            one, other = (each[index] if index < len(each) else MISSING for each in (wanted, got))
            yield from differences(one, other, f"{path}/{index}")
    elif wanted != got or type(wanted) is not type(got):
        yield path, wanted, got


class Normaliser:
    """Of one case in one run; `variables` grow while the case goes on. `now`: seconds since the epoch."""

    def __init__(self, case: Case, variables: Mapping[str, str], server: str, now: float) -> None:
        self._now = now
        self._variables = variables
        self._server = server
        self._said = json.dumps([step["request"] for step in case.steps])
        self._keeps_fields = case.managed_fields
        prefixes = {*re.findall(r'"generateName": "([^"]+)"', self._said), "kube-api-access-"}
        named = "|".join(sorted(map(re.escape, prefixes), reverse=True))
        self._random = re.compile(f"({named}){_RANDOM}")

    def answer(
        self, step: Mapping[str, Any], status: int, headers: Sequence[tuple[str, str]], data: bytes
    ) -> tuple[dict[str, Any], Any]:
        """The comparable answer, and its body as it was."""
        named = [(name.lower(), value) for name, value in headers]
        media = next((v for k, v in named if k == "content-type"), "").split(";")[0].strip()
        kept: dict[str, Any] = {"content-type": media} if media else {}
        if warnings := [self._text(v) for k, v in named if k == "warning"]:
            kept["warning"] = warnings
        for extra in step.get("headers", []):
            if values := [self._text(v) for k, v in named if k == extra.lower()]:
                kept[extra.lower()] = values[0]
        if step["request"].get("decompress") or ("content-encoding", "gzip") in named:
            data = gzip.decompress(data)
        raw = _parsed(media, data, watch=is_watch(step["request"]) and status == 200)
        body = _chosen(step, _without_bookmarks(step, self._value(copy.deepcopy(raw))))
        answer = {"status": status, "headers": kept, "body": body}
        if not kept:
            del answer["headers"]
        return answer, raw

    def _text(self, text: str) -> str:
        for name, value in self._variables.items():
            if name in _NAMES or (len(value) >= 6 and not value.isdigit()):
                text = text.replace(value, f"${{{name}}}")
        text = self._random.sub(r"\1<rand>", text)
        said, now = self._said, self._now
        text = re.sub(r"\b10\.\d+\.\d+\.\d+\b", lambda m: m[0] if m[0] in said else "<ip>", text)
        text = _GO_DIFF.sub(" <diff>", text.replace("\u00a0", " "))
        text = _TOKEN.sub("<jwt>", _UUID.sub("<uid>", text))
        text = _TIME.sub(lambda m: _time(m, now), text).replace(self._server, "<server>")
        for pattern, name in _REPLACED:
            text = pattern.sub(name, text)
        return text

    def _value(self, value: Any, key: str = "") -> Any:
        if isinstance(value, str):
            return self._string(value, key)
        if isinstance(value, list):
            return self._list(value, key)
        if isinstance(value, dict):
            return self._object(value, key)
        return value

    def _string(self, value: str, key: str) -> str:
        for name, known in self._variables.items():
            if value and value == known:
                return f"${{{name}}}"
        if key == "uid" and _UUID.fullmatch(value):
            return "<uid>"
        if key == "resourceVersion":
            return value if value in ("", "0") else "<rv>"
        if key == "continue":
            return "<continue>" if value else value
        if key in _VERSIONS:
            return "<version>"
        if key == "clusterIP" and value not in ("", "None") and f'"{value}"' not in self._said:
            return "<ip>"
        return self._text(value)

    def _list(self, values: list[Any], key: str) -> list[Any]:
        if key == "clusterIPs":
            return [self._value(each, "clusterIP") for each in values]
        if key == "managedFields":
            mine = (
                self._value(each)
                for each in values
                if each.get("manager") in ("replay", "before-first-apply")
                or each.get("manager", "") in self._said
            )
            return sorted(mine, key=lambda each: json.dumps(each, sort_keys=True))
        return [self._value(each) for each in values]

    def _object(self, value: dict[str, Any], key: str) -> dict[str, Any]:
        if value.get("kind") == "Table" and "columnDefinitions" in value:
            _age_cells(value)
        made = {}
        for name, each in value.items():
            if name == "managedFields" and not self._keeps_fields and isinstance(each, list):
                continue
            if name in ("nodePort", "healthCheckNodePort") and isinstance(each, int):
                each = each if not each or str(each) in self._said else "<port>"
            named = name if key in ("f:", "fieldsV1") else self._text(name)
            made[named] = self._value(each, name)
        return made


def _time(match: re.Match[str], now: float) -> str:
    try:
        moment = datetime.fromisoformat(match[0].replace("Z", "+00:00"))
    except ValueError:
        return match[0]
    days = (moment.timestamp() - now) / _SECONDS_A_DAY
    if not -1 < days < 731:
        return match[0]
    return "<microtime>" if match[1] else "<time>"


def _age_cells(table: dict[str, Any]) -> None:
    for index, column in enumerate(table["columnDefinitions"] or []):
        for row in table.get("rows") or [] if column.get("name") in _AGES else []:
            cells = row["cells"]
            if index < len(cells) and _DURATION.match(str(cells[index])):
                cells[index] = "<age>"


def _parsed(media: str, data: bytes, *, watch: bool) -> Any:
    if media == "application/json" or media.endswith("+json"):
        text = data.decode(errors="replace")
        try:
            if watch:
                return {"events": [json.loads(each) for each in text.splitlines() if each.strip()]}
            return json.loads(text)
        except ValueError:
            return {"unparsable": text[:500]}
    if media.startswith("text/") or media in ("application/yaml", ""):
        text = data.decode(errors="replace")
        try:
            return json.loads(text) if text.startswith("{") else text
        except ValueError:
            return text
    return {"binary": data[:4].hex()}


def _without_bookmarks(step: Mapping[str, Any], body: Any) -> Any:
    """Bookmarks that say something are kept, and of them what they say."""
    if not (isinstance(body, dict) and "events" in body and is_watch(step["request"])):
        return body
    events = []
    for event in body["events"]:
        if event.get("type") == "BOOKMARK":
            obj = event["object"]
            notes = obj.get("metadata", {}).get("annotations")
            if not notes:
                continue
            kept = {
                "kind": obj.get("kind"),
                "apiVersion": obj.get("apiVersion"),
                "metadata": {"annotations": notes},
            }
            event = {"type": "BOOKMARK", "object": kept}
        events.append(event)
    return {**body, "events": events}


def _chosen(step: Mapping[str, Any], body: Any) -> Any:
    for where, by in step.get("sort", {}).items():
        parent = pointer(body, where)
        if isinstance(parent, list):
            key = by
            parent.sort(key=lambda x: json.dumps(pointer(x, key) if key else x, sort_keys=True))
    for where, (by, allowed) in step.get("among", {}).items():
        parent = pointer(body, where)
        if isinstance(parent, list):
            parent[:] = [each for each in parent if pointer(each, by) in allowed]
    if step.get("only"):
        body = {path: pointer(body, path) for path in step["only"]}
    for path in step.get("ignore", []):
        _drop(body, path.split("/")[1:])
    return body


def _drop(value: Any, parts: Sequence[str]) -> None:
    head, rest = parts[0].replace("~1", "/").replace("~0", "~"), parts[1:]
    keys: list[Any] = []
    if isinstance(value, list):
        keys = list(range(len(value)))
    elif isinstance(value, dict):
        keys = list(value)
    for key in keys:
        if head not in ("*", str(key)):
            continue
        if rest:
            _drop(value[key], rest)
        elif isinstance(value, dict):
            del value[key]
        else:
            value[key] = "<ignored>"
