"""A kind of one's own with children: a Website is a Deployment and a Service.

The definition is made of the class `Spec`: its schema, its columns and a rule. Apply `WEBSITES.definition()`, then
run the controller.

    $ orchestrator controller run websites:Websites
"""

from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from orchestrator.api.apps.v1 import Deployment, DeploymentSpec
from orchestrator.api.core.v1 import (
    Container,
    PodSpec,
    PodTemplateSpec,
    Service,
    ServicePort,
    ServiceSpec,
)
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.api.unstructured import Unstructured
from orchestrator.client import Controller, Key, create_or_update, owned_by, write_status
from orchestrator.client.custom_kinds import Column, CustomKind, Rule, Scale


class Spec(Struct, frozen=True, rename="camel"):
    """A site, and how many pods serve it."""

    image: Annotated[str, Meta(min_length=1, description="What the pods run.")]
    replicas: Annotated[int, Meta(ge=0, le=50)] = 1


class Status(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What there is of it."""

    replicas: int = 0
    url: str = ""


WEBSITES = CustomKind(
    "example.com",
    "v1",
    "Website",
    Spec,
    status=Status,
    short_names=("site",),
    columns=(Column("Image", ".spec.image"), Column("URL", ".status.url")),
    rules=(
        Rule(
            "!self.spec.image.endsWith(':latest')",
            "name a version: pods of :latest are not all alike",
        ),
    ),
    scale=Scale(),
)


class Websites(Controller):
    """Keeps a Deployment and a Service for each Website."""

    name = "websites"
    kind = WEBSITES.resource
    owns = (Deployment, Service)

    async def reconcile(self, key: Key) -> None:
        """Make the children what the site asks for; they go with it."""
        site = self.cache_of(WEBSITES.resource).get(*key)
        if site is None or site.metadata.deletion_timestamp is not None:
            return
        spec = WEBSITES.spec_of(site)
        deployment = owned_by(_deployment(key.name, spec), site)
        made = await create_or_update(
            self.client,
            deployment,
            lambda there: _with(there, spec),
            cache=self.cache(Deployment),
        )
        service = owned_by(_service(key.name), site)
        await create_or_update(self.client, service, lambda there: there, cache=self.cache(Service))
        ready = made.status.ready_replicas if made.status is not None else 0
        await self._tell(site, ready or 0)

    async def _tell(self, site: Unstructured, ready: int) -> None:
        url = f"http://{site.metadata.name}.{site.metadata.namespace}.svc"
        said = {"replicas": ready, "url": url}
        if ready and not site.content.get("status", {}).get("replicas"):
            self.events.event(site, "Normal", "Serving", f"{url} is served")
        await write_status(self.client, site, said)


def _deployment(name: str, spec: Spec) -> Deployment:
    labels = {"website": name}
    containers = (Container(name="web", image=spec.image),)
    template = PodTemplateSpec(
        metadata=ObjectMeta(labels=labels), spec=PodSpec(containers=containers)
    )
    return Deployment(
        metadata=ObjectMeta(name=name),
        spec=DeploymentSpec(
            replicas=spec.replicas, selector=LabelSelector(match_labels=labels), template=template
        ),
    )


def _with(there: Deployment, spec: Spec) -> Deployment:
    """The Deployment with what the site says; all else is left as others have set it."""
    asked = there.spec
    assert asked is not None
    template: Any = asked.template
    assert template.spec is not None
    first, *others = template.spec.containers
    containers = (replace(first, image=spec.image), *others)
    template = replace(template, spec=replace(template.spec, containers=containers))
    return replace(there, spec=replace(asked, replicas=spec.replicas, template=template))


def _service(name: str) -> Service:
    spec = ServiceSpec(selector={"website": name}, ports=(ServicePort(port=80),))
    return Service(metadata=ObjectMeta(name=name), spec=spec)
