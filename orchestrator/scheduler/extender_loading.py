"""The extenders of a KubeSchedulerConfiguration, and what of it concerns the plugins."""

import base64
import binascii
import ssl
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from orchestrator.machinery.errors import DurationError
from orchestrator.machinery.times import parse_duration
from orchestrator.scheduler.configuration_document import (
    Document,
    ExtenderDocument,
    PluginConfig,
    ProfileDocument,
    TlsConfig,
)
from orchestrator.scheduler.errors import InvalidConfiguration
from orchestrator.scheduler.extenders import Extender

_FIT: Final = "NodeResourcesFit"


def extenders_of(given: Sequence[ExtenderDocument]) -> tuple[Extender, ...]:
    """What to ask. Raises InvalidConfiguration."""
    binders = [number for number, each in enumerate(given) if each.bind_verb]
    if len(binders) > 1:
        raise InvalidConfiguration(
            f"extenders[{binders[1]}].bindVerb", "only one extender can implement bind"
        )
    return tuple(_extender(each, f"extenders[{number}]") for number, each in enumerate(given))


def _extender(given: ExtenderDocument, path: str) -> Extender:
    if not given.url_prefix:
        raise InvalidConfiguration(f"{path}.urlPrefix", "Required value")
    if given.prioritize_verb and given.weight <= 0:
        raise InvalidConfiguration(
            f"{path}.weight", "must have a positive weight applied to it, as it has prioritizeVerb"
        )
    https = given.enable_https or given.url_prefix.startswith("https:")
    return Extender(
        url=given.url_prefix,
        filter_verb=given.filter_verb,
        prioritize_verb=given.prioritize_verb,
        bind_verb=given.bind_verb,
        preempt_verb=given.preempt_verb,
        weight=given.weight,
        timeout_seconds=_seconds(given.http_timeout, f"{path}.httpTimeout"),
        cache_capable=given.node_cache_capable,
        ignorable=given.ignorable,
        managed=frozenset(each.name for each in given.managed_resources),
        tls=_tls(given.tls_config or TlsConfig(), f"{path}.tlsConfig") if https else None,
    )


def _seconds(text: str, path: str) -> float:
    """A duration as Go writes it."""
    try:
        return parse_duration(text)
    except DurationError as error:
        raise InvalidConfiguration(path, str(error)) from None


def _tls(given: TlsConfig, path: str) -> ssl.SSLContext:
    try:
        authority = base64.b64decode(given.ca_data).decode() if given.ca_data else None
        context = ssl.create_default_context(cafile=given.ca_file or None, cadata=authority)
        if given.cert_file:
            context.load_cert_chain(given.cert_file, given.key_file or None)
    except (OSError, ValueError, binascii.Error) as error:
        raise InvalidConfiguration(path, f"cannot be used: {error}") from None
    if given.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def ignoring(given: Document) -> tuple[ProfileDocument, ...]:
    """The profiles, whose NodeResourcesFit leaves to extenders what these care for alone."""
    names = [r.name for e in given.extenders for r in e.managed_resources if r.ignored_by_scheduler]
    if not names:
        return given.profiles
    return tuple(_ignoring(each, names) for each in given.profiles or (ProfileDocument(),))


def _ignoring(profile: ProfileDocument, names: Sequence[str]) -> ProfileDocument:
    known = next((each for each in profile.plugin_config if each.name == _FIT), PluginConfig(_FIT))
    others = tuple(each for each in profile.plugin_config if each.name != _FIT)
    given = known.args.get("ignoredResources") or []
    if not isinstance(given, list):
        return profile  # the plugin says what is wrong with that
    ignored = [*given, *names]
    changed = replace(known, args={**known.args, "ignoredResources": ignored})
    return replace(profile, plugin_config=(*others, changed))
