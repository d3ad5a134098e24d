"""What a query may say, by the kind of request."""

from typing import Final

from msgspec import Struct


class Parameter(Struct, frozen=True):
    """A parameter: its place is a path, or the query."""

    name: str
    type: str = "string"
    place: str = "query"
    description: str = ""


def _query(name: str, description: str, type_: str = "string") -> Parameter:
    return Parameter(name, type_, "query", description)


NAMESPACE: Final = Parameter("namespace", "string", "path", "The namespace of the objects.")
PATH: Final = Parameter("path", "string", "path", "The path of what is asked behind the proxy.")
PRETTY: Final = _query("pretty", "Whether the answer is indented for people.")
_CONTINUE: Final = _query("continue", "Where the page before ended, as its list said.")
READ: Final = _query("resourceVersion", "The version of the object that is wanted.")
_SELECTION: Final = (
    _query("fieldSelector", "Only objects with these values in fields."),
    _query("labelSelector", "Only objects with these labels."),
    _query("limit", "At most so many objects; the rest is asked for by `continue`.", "integer"),
    _query("resourceVersion", "The version of the list that is wanted."),
    _query("resourceVersionMatch", "How that version is meant: Exact or NotOlderThan."),
    _query("sendInitialEvents", "Whether a watch begins with what is there.", "boolean"),
    _query("shardSelector", "Only objects of one part of the whole."),
    _query("timeoutSeconds", "How many seconds the request may take.", "integer"),
)
LIST: Final = (
    _query("allowWatchBookmarks", "Whether a watch may tell how far it has come.", "boolean"),
    _CONTINUE,
    *_SELECTION,
    _query(
        "watch",
        "Watch for changes to the described resources: they are told as they happen.",
        "boolean",
    ),
)
_DRY_RUN: Final = _query("dryRun", "`All`: do everything but keep the result.")
WRITE: Final = (
    _DRY_RUN,
    _query("fieldManager", "The name under which the written fields are owned."),
    _query("fieldValidation", "What unknown fields cause: Ignore, Warn or Strict."),
)
PATCH: Final = (*WRITE, _query("force", "Whether an apply takes fields from others.", "boolean"))
DELETE: Final = (
    _DRY_RUN,
    _query("gracePeriodSeconds", "How many seconds the object has to end.", "integer"),
    _query(
        "ignoreStoreReadErrorWithClusterBreakingPotential",
        "Whether an object that cannot be read is deleted unread.",
        "boolean",
    ),
    _query(
        "orphanDependents", "Whether dependents stay; of old, see propagationPolicy.", "boolean"
    ),
    _query("propagationPolicy", "What happens to dependents: Orphan, Background, Foreground."),
)
DELETE_COLLECTION: Final = (*DELETE, _CONTINUE, *_SELECTION)
LOG: Final = (
    _query("container", "The container; needed where there are several."),
    _query("follow", "Whether later lines follow.", "boolean"),
    _query(
        "insecureSkipTLSVerifyBackend", "Whether the kubelet's certificate is ignored.", "boolean"
    ),
    _query("limitBytes", "At most so many bytes.", "integer"),
    _query("previous", "Whether the container before the last restart is meant.", "boolean"),
    _query("sinceSeconds", "Only lines of the last so many seconds.", "integer"),
    _query("stream", "Which stream: All, Stdout or Stderr."),
    _query("tailLines", "Only the last so many lines.", "integer"),
    _query("timestamps", "Whether lines begin with their time.", "boolean"),
)
_STREAMS: Final = (
    _query("container", "The container; needed where there are several."),
    _query("stderr", "Whether its errors are heard.", "boolean"),
    _query("stdin", "Whether it hears what is sent.", "boolean"),
    _query("stdout", "Whether its output is heard.", "boolean"),
    _query("tty", "Whether there is a terminal.", "boolean"),
)
_PATH_BEHIND: Final = _query("path", "The path of what is asked behind the proxy.")
# By the kind that the options of a connection have.
CONNECT: Final = {
    "NodeProxyOptions": (_PATH_BEHIND,),
    "PodAttachOptions": _STREAMS,
    "PodExecOptions": (_query("command", "The command, a word at a time."), *_STREAMS),
    "PodPortForwardOptions": (_query("ports", "The ports, with commas between.", "integer"),),
    "PodProxyOptions": (_PATH_BEHIND,),
    "ServiceProxyOptions": (_PATH_BEHIND,),
}


def name_of(kind: str) -> Parameter:
    """The name of the object in the path."""
    return Parameter("name", "string", "path", f"The name of the {kind}.")
