"""lightkube: apply, wait, list, log, a custom kind, refusals."""

import pytest
from lightkube import ApiError, Client
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.apps_v1 import DeploymentSpec
from lightkube.models.core_v1 import Container, PodSpec, PodTemplateSpec
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Pod

from tests.clients.programs.work import COMMAND, SAYS

labels = {"app": "light"}
client = Client(namespace="light", field_manager="light")
wanted = Deployment(
    metadata=ObjectMeta(name="light", labels=labels),
    spec=DeploymentSpec(
        replicas=2,
        selector=LabelSelector(matchLabels=labels),
        template=PodTemplateSpec(
            metadata=ObjectMeta(labels=labels),
            spec=PodSpec(containers=[Container(name="main", image="busybox", command=COMMAND)]),
        ),
    ),
)
client.apply(wanted)
client.wait(Deployment, "light", for_conditions=["Available"])
generation = client.get(Deployment, "light").metadata.generation
assert client.apply(wanted).metadata.generation == generation
pods = list(client.list(Pod, labels=labels))
assert len(pods) == 2
assert "".join(client.log(pods[0].metadata.name)).strip() == SAYS
scaled = client.get(Deployment.Scale, "light")
scaled.spec.replicas = 1
assert client.replace(scaled, "light").spec.replicas == 1
with pytest.raises(ApiError, match="already exists"):
    client.create(wanted)
greetings = create_namespaced_resource("example.com", "v1", "Greeting", "greetings")
made = client.create(greetings(metadata=ObjectMeta(name="hello"), spec={"to": "you"}))
assert made.spec == {"to": "you", "times": 1}
client.delete(Deployment, "light")
