"""CustomResourceDefinitions as stored objects: defaults, and who owns which field."""

from msgspec.structs import replace

from orchestrator.api.apiextensions.v1 import (
    CustomResourceConversion,
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion,
    CustomResourceValidation,
    JSONSchemaProps,
    ServiceReference,
    WebhookClientConfig,
    WebhookConversion,
)
from orchestrator.apiserver.kinds.apiextensions.defaults import default_definition
from tests.apiserver.harness import Api, meta

_DEFINITION = CustomResourceDefinition(
    metadata=meta("widgets.example.test", namespace=""),
    spec=CustomResourceDefinitionSpec(
        group="example.test",
        scope="Namespaced",
        names=CustomResourceDefinitionNames(kind="Widget", plural="widgets"),
        versions=(
            CustomResourceDefinitionVersion(
                name="v1",
                served=True,
                storage=True,
                schema=CustomResourceValidation(open_apiv3_schema=JSONSchemaProps(type="object")),
            ),
        ),
    ),
)


def _converted_by(service: ServiceReference) -> CustomResourceDefinition:
    webhook = WebhookConversion(
        client_config=WebhookClientConfig(service=service), conversion_review_versions=("v1",)
    )
    conversion = CustomResourceConversion(strategy="Webhook", webhook=webhook)
    return replace(_DEFINITION, spec=replace(_DEFINITION.spec, conversion=conversion))


def test_a_conversion_webhook_is_asked_by_https() -> None:
    """Its Service's port is 443 unless another is given."""
    for given, expected in ((None, 443), (8443, 8443)):
        service = ServiceReference(name="hook", namespace="default", port=given)
        spec = default_definition(_converted_by(service)).spec
        assert spec.conversion is not None
        assert spec.conversion.webhook is not None
        assert spec.conversion.webhook.client_config is not None
        assert spec.conversion.webhook.client_config.service is not None
        assert spec.conversion.webhook.client_config.service.port == expected


async def test_the_server_owns_what_it_says_of_a_definition(api: Api) -> None:
    """Names and conditions are the server's own, the rest is the author's."""
    await api.create(_DEFINITION)
    found = await api.get(CustomResourceDefinition, "widgets.example.test")
    owners = {
        (each.manager, each.subresource): each.fields_v1 for each in found.metadata.managed_fields
    }
    status = owners["kube-apiserver", "status"]
    assert set(status) == {"f:status"}
    assert set(status["f:status"]) == {"f:acceptedNames", "f:conditions"}
    assert all("f:status" not in fields for (_, part), fields in owners.items() if not part)
    assert len(owners) == 2
