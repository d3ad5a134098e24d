"""What a namespace's labels ask for: a level in a version, for each mode."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from orchestrator.machinery import field_errors
from orchestrator.machinery.digits import whole
from orchestrator.machinery.field_errors import FieldError

PREFIX: Final = "pod-security.kubernetes.io/"
LEVELS: Final = ("privileged", "baseline", "restricted")  # each stricter than the one before
PRIVILEGED, BASELINE, RESTRICTED = LEVELS
LATEST: Final = 1 << 30
_MODES: Final = ("enforce", "audit", "warn")
_VERSION: Final = re.compile(r"v1\.(0|[1-9][0-9]*)")


class Level(NamedTuple):
    """A level as it was in a minor version of Kubernetes 1."""

    name: str = PRIVILEGED
    minor: int = LATEST

    def __str__(self) -> str:
        version = "latest" if self.minor == LATEST else f"v1.{self.minor}"
        return f"{self.name}:{version}"

    @property
    def strictness(self) -> int:
        """The more, the stricter."""
        return LEVELS.index(self.name)


class Policy(Struct, frozen=True):
    """The level of each mode: what refuses a pod, what is noted for the audit log, what warns."""

    enforce: Level = Level()
    audit: Level = Level()
    warn: Level = Level()

    @property
    def allows_everything(self) -> bool:
        """Whether no mode can have anything to say."""
        return self.enforce.name == self.audit.name == self.warn.name == PRIVILEGED

    def is_equivalent(self, other: "Policy") -> bool:
        """Whether they say the same; the version of what is privileged does not matter."""
        return all(
            a == b or a.name == b.name == PRIVILEGED
            for a, b in (
                (self.enforce, other.enforce),
                (self.audit, other.audit),
                (self.warn, other.warn),
            )
        )


class Exemptions(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Whom Pod Security does not judge."""

    usernames: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    runtime_classes: tuple[str, ...] = ()


def is_labelled(labels: Mapping[str, str]) -> bool:
    """Whether labels speak of Pod Security at all."""
    return any(key.startswith(PREFIX) for key in labels)


def policy_of(labels: Mapping[str, str], default: Policy) -> tuple[Policy, tuple[FieldError, ...]]:
    """The policy that labels ask for, and what is wrong with them.

    A level that is none is the strictest where it is enforced, and says nothing elsewhere.
    """
    faults: list[FieldError] = []
    levels: dict[str, Level] = {}
    for mode in _MODES:
        levels[mode] = _level(mode, labels, getattr(default, mode), faults)
    enforced = labels.get(f"{PREFIX}enforce")
    if f"{PREFIX}warn" not in labels and enforced in LEVELS:
        warn, enforce = levels["warn"], levels["enforce"]
        if enforce.strictness > warn.strictness:
            said = f"{PREFIX}warn-version" in labels
            levels["warn"] = Level(enforce.name, warn.minor if said else enforce.minor)
    return replace(default, **levels), tuple(faults)


def _level(mode: str, labels: Mapping[str, str], default: Level, faults: list[FieldError]) -> Level:
    name, minor = default
    said = labels.get(PREFIX + mode)
    if said is not None:
        name = said
        if said not in LEVELS:
            faults.append(_fault(mode, said, f"must be one of {', '.join(LEVELS)}"))
            name = RESTRICTED if mode == "enforce" else PRIVILEGED
    version = labels.get(f"{PREFIX}{mode}-version")
    if version is not None:
        minor = _minor(version)
        if minor < 0:
            faults.append(_fault(f"{mode}-version", version, 'must be "latest" or "v1.x"'))
            minor = LATEST
    return Level(name, minor)


def _minor(text: str) -> int:
    """The minor version that a label says; below zero if it says none."""
    if text == "latest":
        return LATEST
    match = _VERSION.fullmatch(text)
    return -1 if match is None else whole(match[1])


class _Configuration(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    kind: str = ""
    api_version: str = ""
    defaults: dict[str, str] = {}
    exemptions: Exemptions = Exemptions()


def read_configuration(document: Mapping[str, Any]) -> tuple[Policy, Exemptions]:
    """What a PodSecurityConfiguration says. Raises ValueError."""
    read = msgspec.convert(document, _Configuration)
    kind, api_version = "PodSecurityConfiguration", "pod-security.admission.config.k8s.io/v1"
    if (read.kind, read.api_version) != (kind, api_version):
        raise ValueError(f"expected a {kind} of {api_version}")
    known = [name for mode in _MODES for name in (mode, f"{mode}-version")]
    odd = [name for name in read.defaults if name not in known]
    if odd:
        raise ValueError(f"defaults: unknown field {odd[0]!r}; known are {', '.join(known)}")
    faults: list[FieldError] = []
    said = {PREFIX + name: value for name, value in read.defaults.items()}
    levels = {mode: _level(mode, said, Level(), faults) for mode in _MODES}
    if faults:
        raise ValueError(f"defaults: {faults[0]}")
    return Policy(**levels), read.exemptions


def _fault(label: str, value: str, why: str) -> FieldError:
    return field_errors.invalid(f"metadata.labels[{PREFIX}{label}]", value, why)
