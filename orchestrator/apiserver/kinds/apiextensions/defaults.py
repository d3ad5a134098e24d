"""What Kubernetes fills in of a CustomResourceDefinition: names that follow, and a plain conversion."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.apiextensions.v1 import (
    CustomResourceConversion,
    CustomResourceDefinition,
)
from orchestrator.apiserver.defaults.change import fill, put

_HTTPS: Final = 443


def default_definition(definition: CustomResourceDefinition) -> CustomResourceDefinition:
    """The singular and the list's kind follow from the kind; versions differ in name alone."""
    spec = definition.spec
    names = spec.names
    if not names.singular or not names.list_kind:
        names = replace(
            names,
            singular=names.singular or names.kind.lower() or None,
            list_kind=names.list_kind or (f"{names.kind}List" if names.kind else None),
        )
    spec = put(spec, names=names, conversion=_conversion(spec.conversion))
    status = definition.status
    if status is not None and not status.stored_versions:
        stored = tuple(version.name for version in spec.versions if version.storage)
        return put(definition, spec=spec, status=put(status, stored_versions=stored))
    return put(definition, spec=spec)


def _conversion(given: CustomResourceConversion | None) -> CustomResourceConversion:
    """A plain one where none is given; the port of HTTPS where a webhook's Service has none."""
    if given is None:
        return CustomResourceConversion(strategy="None")
    webhook = given.webhook
    if webhook is None or webhook.client_config is None or webhook.client_config.service is None:
        return given
    service = fill(webhook.client_config.service, port=_HTTPS)
    config = put(webhook.client_config, service=service)
    return put(given, webhook=put(webhook, client_config=config))
