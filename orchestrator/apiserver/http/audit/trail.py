"""One request and its events."""

import asyncio
import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp.web import BaseRequest, Response, StreamResponse

from actors import Clock
from orchestrator.api import codec, protobuf
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.http.audit.backends import Sink
from orchestrator.apiserver.http.audit.policy import Configuration, Level, Stage
from orchestrator.apiserver.http.impersonation import LEGACY
from orchestrator.machinery.times import format_duration
from orchestrator.protocol import Identity

_STATUS_FIELDS: Final = ("status", "message", "reason", "details", "code")
_SAID: Final = ("namespace", "name", "uid", "resourceVersion")
_AGENT_LENGTH: Final = 1024
_CUT: Final = "...TRUNCATED"
# What only those logs hold that hold requests, too.
_LEVELS_OF: Final[Mapping[str, Level]] = {"patch.webhook.admission.k8s.io/": "Request"}
_CLOSED: Final = {
    "metadata": {},
    "status": "Success",
    "message": "Connection closed early",
    "code": 200,
}


_LATENCY: Final = "apiserver.latency.k8s.io"
_LONG_SECONDS: Final = 0.5


class Trail:
    """Makes the events of a request. What it learns of it is in those that come later."""

    def __init__(
        self,
        configuration: Configuration,
        sink: Sink,
        clock: Clock,
        event: dict[str, Any],
        *,
        known: bool = True,
    ) -> None:
        self._configuration = configuration
        self._sink = sink
        self._clock = clock
        self._event = event
        self._annotations: dict[str, str] = {}
        self._received = _micro(clock.now())
        self._has_started = False
        self._under_way: list[asyncio.Future[bool]] = []
        self.id: str = event["auditID"]
        if known:
            self._tell("RequestReceived")

    async def kept(self) -> bool:
        """Wait for what the sinks wait for of this request's events: whether it may go on."""
        under_way, self._under_way = self._under_way, []
        return all([await each for each in under_way])

    def acts_as(self, other: Identity, mode: str) -> None:
        """The user acts as another one, in some mode."""
        self._event["impersonatedUser"] = _user(other)
        if mode != LEGACY:
            constraint = {"impersonationConstraint": f"impersonate:{mode}"}
            self._event["authenticationMetadata"] = constraint

    @property
    def level(self) -> Level:
        """How much is noted of the request."""
        return self._configuration.level

    @property
    def notes_requests(self) -> bool:
        """Whether what the client has sent is noted."""
        return self._configuration.reaches("Request")

    def annotate(self, key: str, value: str) -> None:
        """Note what somebody has found out; what was noted first under a key stays."""
        for prefix, level in _LEVELS_OF.items():
            if key.startswith(prefix) and not self._configuration.reaches(level):
                return
        self._annotations.setdefault(key, value)

    def took(self, total: float, waited: float) -> None:
        """How many seconds the request took, and waited for its turn; only of those that took long."""
        if total <= _LONG_SECONDS:
            return
        self.annotate(f"{_LATENCY}/total", format_duration(total))
        if waited:
            self.annotate(f"{_LATENCY}/apf-queue-wait", format_duration(waited))

    def asked_with(self, obj: Any) -> None:
        """The object, or the document, that the client has sent."""
        document: Any = obj
        if not isinstance(obj, dict | list):
            document = codec.to_dict(obj)
            self._refer_to(document.get("metadata") or {})
        if self.notes_requests:
            self._event["requestObject"] = self._shown(document)

    def _refer_to(self, metadata: Mapping[str, Any]) -> None:
        """What the path does not say of the object is what its sender says."""
        reference = self._event.get("objectRef")
        if reference is None:
            return
        said = {field: metadata[field] for field in _SAID if metadata.get(field)}
        self._event["objectRef"] = said | reference

    def started(self, code: int) -> None:
        """A response that lasts has begun."""
        self._has_started = True
        self._event["responseStatus"] = {"metadata": {}, "code": code}
        self._tell("ResponseStarted")

    def refused(self, status: Mapping[str, Any]) -> None:
        """Nobody knows who asked; nothing else is told of the request."""
        self._event["responseStatus"] = _told(status)
        self._tell("ResponseStarted")

    def completed(self, response: StreamResponse | None) -> None:
        """The response has ended; None if the client had gone before."""
        if self._has_started:
            self._tell("ResponseComplete")
        elif response is None:
            self._event["responseStatus"] = _CLOSED
            self._tell("ResponseComplete")
        else:
            self.ended(response.status, _document_of(response))

    def ended(self, code: int, document: Any) -> None:
        """The request was answered with a code and a document; None for what is not written."""
        status: dict[str, Any] = {"metadata": {}, "code": code}
        if isinstance(document, dict) and document.get("kind") == "Status":
            status |= _told(document)
        self._event["responseStatus"] = status
        if document is not None and self._configuration.reaches("RequestResponse"):
            self._event["responseObject"] = self._shown(document)
        self._tell("ResponseComplete")

    def _shown(self, document: Any) -> Any:
        return _without_managers(document) if self._configuration.omit_managed_fields else document

    def _tell(self, stage: Stage) -> None:
        if stage in self._configuration.omit_stages:
            return
        said = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": self._configuration.level,
            **self._event,
            "stage": stage,
            "requestReceivedTimestamp": self._received,
            "stageTimestamp": _micro(self._clock.now()),
        }
        if self._annotations:
            said["annotations"] = dict(self._annotations)
        waits = self._sink(said)
        if waits is not None:
            self._under_way.append(waits)


def request_event(
    request: BaseRequest, user: Identity, asked: Attributes, audit_id: str
) -> dict[str, Any]:
    agent = request.headers.get("User-Agent", "")
    event = begun_event(user, asked, audit_id=audit_id, uri=request.raw_path)
    if addresses := _addresses(request):
        event["sourceIPs"] = addresses
    if agent:
        cut = len(agent) > _AGENT_LENGTH
        event["userAgent"] = agent[:_AGENT_LENGTH] + _CUT if cut else agent
    return event


def begun_event(user: Identity, asked: Attributes, *, audit_id: str, uri: str) -> dict[str, Any]:
    """What is known of every request when it comes."""
    event: dict[str, Any] = {
        "auditID": audit_id,
        "requestURI": uri,
        "verb": asked.verb,
        "user": _user(user),
    }
    if asked.is_resource:
        reference = {
            "resource": asked.resource,
            "namespace": asked.namespace,
            "name": asked.name,
            "apiGroup": asked.group,
            "apiVersion": asked.version,
            "subresource": asked.subresource,
        }
        event["objectRef"] = {name: value for name, value in reference.items() if value}
    return event


def _user(who: Identity) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if who.name:
        said["username"] = who.name
    if who.uid:
        said["uid"] = who.uid
    if who.groups:
        said["groups"] = list(who.groups)
    if who.extra:
        said["extra"] = {name: list(values) for name, values in who.extra.items()}
    return said


def _addresses(request: BaseRequest) -> list[str]:
    said = request.headers.get("X-Forwarded-For", "")
    found = [each.strip() for each in said.split(",") if each.strip()]
    real = request.headers.get("X-Real-Ip", "").strip()
    if real and real not in found:
        found.append(real)
    if request.remote and request.remote not in found:
        found.append(request.remote)
    return found


def _micro(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _told(status: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a Status."""
    return {"metadata": {}} | {name: status[name] for name in _STATUS_FIELDS if name in status}


def _document_of(response: StreamResponse) -> Any:
    """What a response holds, whatever its encoding; None for what is no document, or is streamed."""
    body = response.body if isinstance(response, Response) else None
    if not isinstance(body, bytes) or not body:
        return None
    if response.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    if body.startswith(protobuf.MAGIC):
        return protobuf.decode(body)
    try:
        return json.loads(body)
    except ValueError:
        return None


def _without_managers(document: Any) -> Any:
    """The document without who owns its fields, in it and in all of its items."""
    if not isinstance(document, dict):
        return document
    found = dict(document)
    metadata = found.get("metadata")
    if isinstance(metadata, dict) and "managedFields" in metadata:
        found["metadata"] = {k: v for k, v in metadata.items() if k != "managedFields"}
    if isinstance(found.get("items"), list):
        found["items"] = [_without_managers(each) for each in found["items"]]
    if isinstance(found.get("rows"), list):
        found["rows"] = [
            {**row, "object": _without_managers(row.get("object"))} for row in found["rows"]
        ]
    return found
