"""What Kubernetes fills in of a CustomResourceDefinition: names that follow, and a plain conversion."""

from msgspec.structs import replace

from orchestrator.api.apiextensions.v1 import CustomResourceConversion, CustomResourceDefinition


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
    conversion = spec.conversion
    if conversion is None or not conversion.strategy:
        conversion = replace(conversion or CustomResourceConversion(), strategy="None")
    if names is spec.names and conversion is spec.conversion:
        return definition
    return replace(definition, spec=replace(spec, names=names, conversion=conversion))
