"""Roll a Deployment when a ConfigMap or Secret that its pods use changes.

Pods read their environment once, at start; so a changed ConfigMap reaches them only with a rollout.
Annotate a Deployment with `reloader.example.dev/auto: "true"` and this controller keeps a digest of
the ConfigMaps and Secrets that the pod template names in an annotation of that template: when the
data change the template changes, and the Deployment controller rolls it out by its own strategy.

    cluster.run_controller(Reloader)
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from orchestrator.api import codec
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap, PodSpec, Secret
from orchestrator.client import Change, Controller, Key

ENABLED = "reloader.example.dev/auto"
DIGEST = "reloader.example.dev/digest"


class Reloader(Controller):
    """Keeps `reloader.example.dev/digest` of annotated Deployments' templates up to date."""

    name = "reloader"
    kind = Deployment

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A changed ConfigMap or Secret concerns the Deployments that name it."""
        return {ConfigMap: self._users, Secret: self._users}

    async def reconcile(self, key: Key) -> float | None:
        """Write the digest into the template if it is not the one of the present data."""
        deployment = self.cache(Deployment).get(key.namespace, key.name)
        if deployment is None or deployment.metadata.annotations.get(ENABLED) != "true":
            return None
        digest = self._digest(deployment)
        if _template_annotations(deployment).get(DIGEST) != digest:
            body = {"spec": {"template": {"metadata": {"annotations": {DIGEST: digest}}}}}
            await self.client.patch(Deployment, key.name, body, namespace=key.namespace)
        return None

    def _users(self, change: Change[Any]) -> Iterable[Key]:
        source = change.latest
        for deployment in self.cache(Deployment).list(source.metadata.namespace):
            if (type(source), source.metadata.name) in _sources(deployment):
                yield Key(deployment.metadata.namespace, deployment.metadata.name)

    def _digest(self, deployment: Deployment) -> str:
        digest = hashlib.sha256()
        for kind, name in _sources(deployment):
            source = self.cache(kind).get(deployment.metadata.namespace, name)
            data: dict[str, Any] = (
                {} if source is None else {**codec.to_dict(source), "metadata": None}
            )
            digest.update(repr((kind.__name__, name, sorted(data.items()))).encode())
        return digest.hexdigest()[:16]


def _template_annotations(deployment: Deployment) -> Mapping[str, str]:
    spec = deployment.spec
    metadata = spec.template.metadata if spec is not None else None
    return metadata.annotations if metadata is not None else {}


def _sources(deployment: Deployment) -> list[tuple[type, str]]:
    """The ConfigMaps and Secrets that the pod template names, without repetition, in order."""
    spec = deployment.spec.template.spec if deployment.spec is not None else None
    return list(dict.fromkeys(_named_by(spec))) if spec is not None else []


def _named_by(spec: PodSpec) -> Iterator[tuple[type, str]]:
    for volume in spec.volumes:
        if volume.config_map is not None:
            yield ConfigMap, volume.config_map.name
        if volume.secret is not None:
            yield Secret, volume.secret.secret_name
    for container in (*spec.init_containers, *spec.containers):
        for source in container.env_from:
            if source.config_map_ref is not None:
                yield ConfigMap, source.config_map_ref.name
            if source.secret_ref is not None:
                yield Secret, source.secret_ref.name
        for variable in container.env:
            if variable.value_from is not None:
                if variable.value_from.config_map_key_ref is not None:
                    yield ConfigMap, variable.value_from.config_map_key_ref.name
                if variable.value_from.secret_key_ref is not None:
                    yield Secret, variable.value_from.secret_key_ref.name
