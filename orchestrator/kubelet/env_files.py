"""Variables that come from files which an earlier container of the pod has written into an emptyDir.

A file has lines `NAME='value'`, a part of what a shell reads: values stand in single quotes, which may span lines and in
which nothing means anything else; empty lines and comments are passed over.
"""

import re
from collections.abc import Callable, Iterator, MutableMapping
from typing import Final

from orchestrator.api.core.v1 import Container, FileKeySelector, Pod

_PASSED_OVER: Final = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")
_EMPTY: Final = re.compile(r"[ \t]*(?P<name>[^=\n]*[^\s=])=[ \t][^\n]*(?:\r?\n|\Z)")
_QUOTED: Final = re.compile(
    r"[ \t]*(?P<name>[^=\n]*[^\s=])='(?P<value>[^']*)'[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)"
)
_MOST_BYTES: Final = 1 << 20  # of a file; the kubelet reads lines of at most 64 KiB

ReadFile = Callable[[Pod, str, str], bytes]
"""Reads a path in an emptyDir of a pod. Raises OSError."""


class EnvFileFault(ValueError):
    """A file is not written as one of variables has to be."""


def variables_of_files(container: Container) -> Iterator[tuple[str, FileKeySelector]]:
    """The container's variables that come from files."""
    for variable in container.env:
        source = variable.value_from
        if source is not None and source.file_key_ref is not None:
            yield variable.name, source.file_key_ref


def value_in(text: str, name: str) -> str:
    """The value that a file gives to a name, by its first line about it; empty if there is none. Raises EnvFileFault."""
    at = 0
    while at < len(text):
        found = _PASSED_OVER.match(text, at) or _EMPTY.match(text, at) or _QUOTED.match(text, at)
        if found is None:
            raise EnvFileFault(f"line {text.count(chr(10), 0, at) + 1} is not NAME='value'")
        if found.groupdict().get("name") == name:
            return found.groupdict().get("value") or ""
        at = found.end()
    return ""


def add_variables(
    pod: Pod, container: Container, environment: MutableMapping[str, str], read: ReadFile
) -> str:
    """Set the container's variables that come from files; answers why it cannot be configured, empty when it can."""
    for name, selector in variables_of_files(container):
        try:
            data = read(pod, selector.volume_name, selector.path)
            value = value_in(data[:_MOST_BYTES].decode(errors="replace"), selector.key)
        except (OSError, EnvFileFault):
            return "couldn't parse env file"
        if value:
            environment[name] = value
        elif not selector.optional:
            place = f"/var/lib/kubelet/pods/{pod.metadata.uid}/volumes/kubernetes.io~empty-dir"
            file = f"{place}/{selector.volume_name}/{selector.path}"
            return f'environment variable key "{selector.key}" not found in file "{file}"'
    return ""
