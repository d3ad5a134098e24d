"""CustomResourceDefinitions: their names, their conversion, and what an update may not change."""

from typing import Final
from urllib.parse import urlsplit

from orchestrator.api.apiextensions.v1 import (
    CustomResourceConversion,
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionStatus,
)
from orchestrator.apiserver.kinds.admissionregistration.webhook_validation import (
    webhook_service_errors,
    webhook_url_errors,
)
from orchestrator.apiserver.kinds.apiextensions.version_validation import (
    common_errors,
    shared_parts,
    version_errors,
    versions_errors,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    chosen,
    complaints,
    forbidden,
    immutable,
    invalid,
    required,
)
from orchestrator.apiserver.validation.metadata import dns_subdomain, named_by
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery.conditions import is_true
from orchestrator.machinery.names import dns1035_label_errors, dns1123_subdomain_errors

_SCOPES: Final = ("Cluster", "Namespaced")
_STRATEGIES: Final = ("None", "Webhook")
_REVIEWS: Final = ("v1", "v1beta1")
_APPROVED: Final = "api-approved.kubernetes.io"
_SEE: Final = "see https://github.com/kubernetes/enhancements/pull/1111"


def _definition_errors(
    definition: CustomResourceDefinition, known: frozenset[str] = frozenset()
) -> Errors:
    """`known` are the versions whose schemas were there before."""
    yield from _spec_errors(definition.spec, known)
    yield from _status_errors(definition, definition)
    yield from _stored_errors(definition)


def _spec_errors(spec: CustomResourceDefinitionSpec, known: frozenset[str]) -> Errors:
    path = "spec.group"
    if not spec.group:
        yield required(path)
    elif messages := dns1123_subdomain_errors(spec.group):
        yield invalid(path, spec.group, ",".join(messages))
    elif "." not in spec.group:
        yield invalid(path, spec.group, "should be a domain with at least one dot")
    yield from chosen("spec.scope", spec.scope, _SCOPES)
    for i, version in enumerate(spec.versions):
        if version.schema is None or version.schema.open_apiv3_schema is None:
            yield required(f"spec.versions[{i}].schema.openAPIV3Schema")
    shared = shared_parts(spec.versions)
    for i, version in enumerate(spec.versions):
        if messages := dns1035_label_errors(version.name):
            yield invalid(f"spec.versions[{i}].name", version.name, ",".join(messages))
        is_known = version.name in known
        yield from version_errors(f"spec.versions[{i}]", version, shared, is_known)
    yield from versions_errors(spec.versions, shared)
    yield from _required_names(spec.names)
    yield from _name_errors("spec.names", spec.names)
    if spec.versions:
        yield from common_errors(spec.versions, shared, spec.versions[0].name in known)
    yield from _conversion_errors("spec.conversion", spec.conversion)
    if spec.preserve_unknown_fields:
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
            "spec.versions[*].schema instead"
        )
        yield invalid("spec.preserveUnknownFields", True, detail)


# --- names and conversion ------------------------------------------------------------------


def _required_names(names: CustomResourceDefinitionNames) -> Errors:
    for wire, value in (
        ("plural", names.plural),
        ("singular", names.singular),
        ("kind", names.kind),
        ("listKind", names.list_kind),
    ):
        if not value:
            yield required(f"spec.names.{wire}")


def _name_errors(path: str, names: CustomResourceDefinitionNames) -> Errors:
    for wire, value, mixed in (
        ("plural", names.plural, False),
        ("singular", names.singular, False),
        ("kind", names.kind, True),
        ("listKind", names.list_kind, True),
    ):
        if not value:
            continue
        if messages := dns1035_label_errors(value.lower() if mixed else value):
            detail = ",".join(messages)
            if mixed:
                detail = f"may have mixed case, but should otherwise match: {detail}"
            # A singular or a list's kind that only follows from the kind is not told of again.
            follows = (names.kind.lower(), f"{names.kind}List")
            if wire in ("plural", "kind") or value not in follows:
                yield invalid(f"{path}.{wire}", value, detail)
    for i, each in enumerate(names.short_names):
        if messages := dns1035_label_errors(each):
            yield invalid(f"{path}.shortNames[{i}]", each, ",".join(messages))
    if names.kind and names.kind == names.list_kind:
        yield invalid(f"{path}.listKind", names.kind, "kind and listKind may not be the same")
    for i, each in enumerate(names.categories):
        if messages := dns1035_label_errors(each):
            yield invalid(f"{path}.categories[{i}]", each, ",".join(messages))


def _conversion_errors(path: str, conversion: CustomResourceConversion | None) -> Errors:
    if conversion is None:
        return
    yield from chosen(f"{path}.strategy", conversion.strategy, _STRATEGIES)
    webhook = conversion.webhook
    config = webhook.client_config if webhook is not None else None
    versions = webhook.conversion_review_versions if webhook is not None else ()
    where, reviews = f"{path}.webhookClientConfig", f"{path}.conversionReviewVersions"
    if conversion.strategy != "Webhook":
        detail = "should not be set when strategy is not set to Webhook"
        if config is not None:
            yield forbidden(where, detail)
        if versions:
            yield forbidden(reviews, detail)
        return
    if config is None:
        yield required(where, "required when strategy is set to Webhook")
    elif (config.url is None) == (config.service is None):
        yield required(where, "exactly one of url or service is required")
    elif config.url is not None:
        yield from webhook_url_errors(f"{where}.url", config.url)
    elif config.service is not None:
        service = config.service
        yield from webhook_service_errors(
            # The original takes the name and the namespace for one another here.
            f"{where}.service",
            service.namespace,
            service.name,
            service.path,
            service.port,
        )
    if not versions:
        yield required(reviews)
        return
    for i, version in enumerate(versions):
        if version in versions[:i]:
            yield invalid(f"{reviews}[{i}]", version, "duplicate version")
            continue
        yield from complaints(f"{reviews}[{i}]", version, dns1035_label_errors(version))
    if not set(versions) & set(_REVIEWS):
        yield invalid(reviews, versions, f"must include at least one of {', '.join(_REVIEWS)}")


# --- the rest ------------------------------------------------------------------------------


def _status_errors(new: CustomResourceDefinition, _old: CustomResourceDefinition) -> Errors:
    names = new.status.accepted_names if new.status is not None else None
    if names is not None:
        yield from _name_errors("status.acceptedNames", names)


def _stored_errors(definition: CustomResourceDefinition) -> Errors:
    status = definition.status or CustomResourceDefinitionStatus()
    path, stored = "status.storedVersions", status.stored_versions
    if not stored:
        yield invalid(path, None, "must have at least one stored version")
        return
    names = [each.name for each in definition.spec.versions]
    for version in definition.spec.versions:
        if version.storage and version.name not in stored:
            yield invalid(path, stored, f"must have the storage version {version.name}")
    for i, name in enumerate(stored):
        if name not in names:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must "
                "remain in spec.versions until a storage migration ensures no data remains "
                f"persisted in {name} and removes {name} from status.storedVersions"
            )
            yield invalid(f"{path}[{i}]", name, detail)


def _approval_errors(definition: CustomResourceDefinition) -> Errors:
    group = f".{definition.spec.group}"
    if not group.endswith((".k8s.io", ".kubernetes.io")):
        return
    path = f"metadata.annotations[{_APPROVED}]"
    approval = definition.metadata.annotations.get(_APPROVED, "")
    if not approval:
        detail = f'protected groups must have approval annotation "{_APPROVED}", {_SEE}'
        yield required(path, detail)
    elif not approval.startswith("unapproved"):
        parts = urlsplit(approval)
        if not parts.scheme or not parts.netloc:
            detail = (
                f'protected groups must have approval annotation "{_APPROVED}" with either a URL '
                f'or a reason starting with "unapproved", {_SEE}'
            )
            yield invalid(path, approval, detail)


def _new_errors(definition: CustomResourceDefinition) -> Errors:
    spec = definition.spec
    for path, name in named_by(definition.metadata):
        if name != f"{spec.names.plural}.{spec.group}":
            yield invalid(path, name, 'must be spec.names.plural+"."+spec.group')
    yield from _definition_errors(definition)
    yield from _approval_errors(definition)


def _unchanged(new: CustomResourceDefinition, old: CustomResourceDefinition) -> frozenset[str]:
    before = {each.name: each.schema for each in old.spec.versions}
    return frozenset(
        each.name for each in new.spec.versions if before.get(each.name) == each.schema
    )


def _change_errors(new: CustomResourceDefinition, old: CustomResourceDefinition) -> Errors:
    judged = new.spec != old.spec or new.metadata.annotations != old.metadata.annotations
    if judged:
        yield from _spec_errors(new.spec, _unchanged(new, old))
    before, after = old.spec, new.spec
    if old.status is not None and is_true(old.status.conditions, "Established"):
        yield from immutable("spec.scope", after.scope, before.scope)
        yield from immutable("spec.names.kind", after.names.kind, before.names.kind)
    yield from immutable("spec.group", after.group, before.group)
    yield from immutable("spec.names.plural", after.names.plural, before.names.plural)
    if judged:
        yield from _status_errors(new, old)
        yield from _stored_errors(new)
    if new.metadata.annotations.get(_APPROVED) != old.metadata.annotations.get(_APPROVED):
        yield from _approval_errors(new)


DEFINITION_RULES: Final = Rules(
    name=dns_subdomain,
    spec=_new_errors,
    update=_change_errors,
    status=_status_errors,
    recheck="never",
    any_finalizer=True,
)
