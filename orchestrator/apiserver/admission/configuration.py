"""AdmissionConfiguration: the file that tells plugins what they need to know.

As kube-apiserver's `--admission-control-config-file`: a list of plugins, each with its configuration inline or
in a file beside.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.apiserver.admission.chain import AdmissionError
from orchestrator.machinery import manifests
from orchestrator.machinery.errors import ManifestError

_KIND: Final = "AdmissionConfiguration"
_API_VERSION: Final = "apiserver.config.k8s.io/v1"


class _Plugin(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    path: str = ""
    configuration: dict[str, Any] | None = None


class _Configuration(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    kind: str = ""
    api_version: str = ""
    plugins: tuple[_Plugin, ...] = ()


def load_configurations(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """What a file tells each plugin. Raises AdmissionError, which names the file."""
    try:
        document = manifests.load(path.read_bytes(), str(path))
        read = msgspec.convert(document, _Configuration)
        if (read.kind, read.api_version) != (_KIND, _API_VERSION):
            raise AdmissionError(f"{path}: expected an {_KIND} of {_API_VERSION}", ())
        return {each.name: _told(each, path.parent) for each in read.plugins}
    except (OSError, ManifestError, msgspec.ValidationError) as error:
        raise AdmissionError(f"{path}: {error}", ()) from error


def _told(plugin: _Plugin, folder: Path) -> Mapping[str, Any]:
    if plugin.configuration is not None:
        return plugin.configuration
    if not plugin.path:
        return {}
    file = folder / plugin.path
    return manifests.load(file.read_bytes(), str(file))
