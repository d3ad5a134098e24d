"""Webhook configurations."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from orchestrator.api.admissionregistration.v1 import (
    MutatingWebhook,
    MutatingWebhookConfiguration,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
)
from orchestrator.apiserver.kinds.admissionregistration.matching_validation import (
    FAILURE_POLICIES,
    MATCH_POLICIES,
    REINVOCATIONS,
    condition_errors,
    rule_errors,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    duplicate,
    invalid,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.rules import WHOLE, Rules
from orchestrator.apiserver.validation.selectors import label_selector_errors
from orchestrator.machinery.cel.policy_scopes import CONDITION
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.names import (
    dns1035_label_errors,
    dns1123_subdomain_errors,
    port_number_errors,
)

_VERSIONS: Final = ("v1", "v1beta1")
_HARMLESS: Final = ("None", "NoneOnDryRun")
_MAX_SECONDS: Final = 30
# What stands for a port and is no number; how large one is shows when it is used.
_PORT: Final = re.compile(r":(?!\d*$)[^:\]]*$", re.ASCII)
_FORM: Final = "; desired format: https://host[/path]"


def _configuration_errors(
    configuration: ValidatingWebhookConfiguration | MutatingWebhookConfiguration,
) -> Errors:
    names: set[str] = set()
    webhooks: tuple[ValidatingWebhook | MutatingWebhook, ...] = configuration.webhooks
    for i, webhook in enumerate(webhooks):
        path = f"webhooks[{i}]"
        yield from _webhook_errors(path, webhook)
        versions = webhook.admission_review_versions
        yield from _version_errors(f"{path}.admissionReviewVersions", versions)
        if webhook.name and webhook.name in names:
            yield duplicate(f"{path}.name", webhook.name)
        names.add(webhook.name)


def _webhook_errors(path: str, webhook: ValidatingWebhook | MutatingWebhook) -> Errors:
    yield from _name_errors(f"{path}.name", webhook.name)
    for i, rule in enumerate(webhook.rules):
        yield from rule_errors(f"{path}.rules[{i}]", rule)
    for wire, value, supported in (
        ("failurePolicy", webhook.failure_policy, FAILURE_POLICIES),
        ("matchPolicy", webhook.match_policy, MATCH_POLICIES),
    ):
        if value is not None and value not in supported:
            yield not_supported(f"{path}.{wire}", value, supported)
    if webhook.side_effects is None:
        detail = f"must specify one of {', '.join(_HARMLESS)}"
        yield required(f"{path}.sideEffects", detail)
    elif webhook.side_effects not in _HARMLESS:
        yield not_supported(f"{path}.sideEffects", webhook.side_effects, _HARMLESS)
    seconds = webhook.timeout_seconds
    if seconds is not None and not 1 <= seconds <= _MAX_SECONDS:
        detail = f"the timeout value must be between 1 and {_MAX_SECONDS} seconds"
        yield invalid(f"{path}.timeoutSeconds", seconds, detail)
    yield from label_selector_errors(f"{path}.namespaceSelector", webhook.namespace_selector)
    yield from label_selector_errors(f"{path}.objectSelector", webhook.object_selector)
    if isinstance(webhook, MutatingWebhook):
        policy = webhook.reinvocation_policy
        if policy is not None and policy not in REINVOCATIONS:
            yield not_supported(f"{path}.reinvocationPolicy", policy, REINVOCATIONS)
    config = webhook.client_config
    if (config.url is None) == (config.service is None):
        yield required(f"{path}.clientConfig", "exactly one of url or service is required")
    elif config.url is not None:
        yield from webhook_url_errors(f"{path}.clientConfig.url", config.url)
    elif config.service is not None:
        service = config.service
        yield from webhook_service_errors(
            f"{path}.clientConfig.service",
            service.namespace,  # the original takes the two for one another here
            service.name,
            service.path,
            service.port,
        )
    yield from condition_errors(f"{path}.matchConditions", webhook.match_conditions, CONDITION)


def _name_errors(path: str, name: str) -> Errors:
    if not name:
        yield required(path)
    elif messages := dns1123_subdomain_errors(name):
        yield invalid(path, name, ",".join(messages))
    elif name.count(".") < 2:
        detail = "should be a domain with at least three segments separated by dots"
        yield invalid(path, name, detail)


def _version_errors(path: str, versions: Sequence[str]) -> Errors:
    if not versions:
        yield required(path, f"must specify one of {', '.join(_VERSIONS)}")
        return
    for i, version in enumerate(versions):
        if version in versions[:i]:
            yield invalid(f"{path}[{i}]", version, "duplicate version")
            continue
        yield from complaints(f"{path}[{i}]", version, dns1035_label_errors(version))
    if not set(versions) & set(_VERSIONS):
        yield invalid(path, versions, f"must include at least one of {', '.join(_VERSIONS)}")


# --- where it is ---------------------------------------------------------------------------


def webhook_url_errors(path: str, url: str) -> Errors:
    """The address of a webhook that is no Service: `https://host[/path]` and no more."""
    if url.startswith(":"):
        fault = f"parse {quote(url)}: missing protocol scheme"
        yield required(path, f"url must be a valid URL: {fault}{_FORM}")
        return
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError as error:
        yield required(path, f"url must be a valid URL: {error}{_FORM}")
        return
    port = _PORT.search(host)
    if port is not None:
        fault = f"parse {quote(url)}: invalid port {quote(port[0])} after host"
        yield required(path, f"url must be a valid URL: {fault}{_FORM}")
        return
    if parts.scheme != "https":
        yield invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}")
    if not host:
        yield invalid(path, host, f"host must be specified{_FORM}")
    yield from _extra_errors(path, parts)


def _extra_errors(path: str, parts: SplitResult) -> Errors:
    user, at, _ = parts.netloc.rpartition("@")
    if at:
        yield invalid(path, user, "user information is not permitted in the URL")
    if parts.fragment:
        yield invalid(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield invalid(path, parts.query, "query parameters are not permitted in the URL")


def webhook_service_errors(
    path: str, name: str, namespace: str, url_path: str | None, port: int | None
) -> Errors:
    """A webhook that is a Service of the cluster."""
    if not name:
        yield required(f"{path}.name")
    if not namespace:
        yield required(f"{path}.namespace")
    number = 443 if port is None else port
    if messages := port_number_errors(number):
        yield invalid(f"{path}.port", number, f"port is not valid: {', '.join(messages)}")
    if url_path in (None, "", "/"):
        return
    where = f"{path}.path"
    if url_path == "//":
        yield invalid(where, url_path, "segment[0] may not be empty")
        return
    if not url_path.startswith("/"):
        yield invalid(where, url_path, "must start with a '/'")
    for i, step in enumerate(url_path[1:].removesuffix("/").split("/")):
        if not step:
            yield invalid(where, url_path, f"segment[{i}] may not be empty")
            continue
        messages = dns1123_subdomain_errors(step)
        yield from complaints(where, url_path, (f"segment[{i}]: {each}" for each in messages))


WEBHOOK_RULES: Final = Rules(spec=_configuration_errors, metadata_again=WHOLE, any_finalizer=True)
