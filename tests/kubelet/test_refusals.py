"""Containers that cannot start say why, are tried again, and start once they can."""

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.image_names import full_name, name_fault
from orchestrator.machinery.times import parse_time
from tests.kubelet.stories import conditions_of, container_of, events_of, pod_with, waiting_of
from tests.manifests import Manifest

CONFIG: Manifest = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "nope", "namespace": "default"},
    "data": {"a": "1"},
}
SECRET: Manifest = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "nope", "namespace": "default"},
    "stringData": {"a": "1"},
}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"envFrom": [{"configMapRef": {"name": "nope"}}]}, 'configmap "nope" not found'),
        ({"envFrom": [{"secretRef": {"name": "nope"}}]}, 'secret "nope" not found'),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "nope", "key": "a"}}}]},
            'secret "nope" not found',
        ),
    ],
)
async def test_a_container_waits_for_what_its_environment_is_made_of(
    cluster: Cluster, fields: Manifest, message: str
) -> None:
    await cluster.apply([pod_with("env", fields)])
    await cluster.clock.sleep(20)
    assert await waiting_of(cluster, "env") == ("CreateContainerConfigError", message)
    assert ("Failed", f"Error: {message}") in await events_of(cluster, "env")
    await cluster.apply([CONFIG, SECRET])
    await cluster.clock.sleep(15)
    assert (await container_of(cluster, "env")).ready


async def test_a_key_may_be_missing_too(cluster: Cluster) -> None:
    wanted = {"valueFrom": {"configMapKeyRef": {"name": "nope", "key": "b"}}}
    await cluster.apply([CONFIG, pod_with("key", {"env": [{"name": "A", **wanted}]})])
    await cluster.clock.sleep(5)
    message = "couldn't find key b in ConfigMap default/nope"
    assert await waiting_of(cluster, "key") == ("CreateContainerConfigError", message)


@pytest.mark.parametrize(
    ("image", "policy", "told"),
    [
        ("app", "Always", 'Successfully pulled image "app"'),
        ("app:1", "IfNotPresent", 'Container image "app:1" already present on machine'),
    ],
)
async def test_an_image_is_fetched_as_its_policy_says_before_the_container_is_refused(
    cluster: Cluster, image: str, policy: str, told: str
) -> None:
    wanted = {"image": image, "envFrom": [{"secretRef": {"name": "nope"}}]}
    await cluster.apply([pod_with("env", wanted)])
    await cluster.clock.sleep(5)
    events = await events_of(cluster, "env")
    assert any(reason == "Pulled" and said.startswith(told) for reason, said in events)
    assert (("Pulling", f'Pulling image "{image}"') in events) == (policy == "Always")


async def test_secrets_for_pulling_that_are_missing_are_told_and_not_waited_for(
    cluster: Cluster,
) -> None:
    secrets = [{"name": "none"}, {"name": "nope"}, {"name": "neither"}]
    await cluster.apply([SECRET, pod_with("pulls", {}, imagePullSecrets=secrets)])
    await cluster.clock.sleep(5)
    assert (await container_of(cluster, "pulls")).ready
    text = (
        "Unable to retrieve some image pull secrets (none, neither); "
        "attempting to pull the image may not succeed."
    )
    event = (await events_of(cluster, "pulls"))["FailedToRetrieveImagePullSecret", text]
    assert (event.type, event.involved_object.field_path) == ("Warning", "")


async def test_what_is_optional_is_not_waited_for(cluster: Cluster) -> None:
    source = {"name": "nope", "optional": True}
    container = {
        "envFrom": [{"configMapRef": source}],
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    volumes = [{"name": "v", "secret": {"secretName": "nope", "optional": True}}]
    await cluster.apply([pod_with("free", container, volumes=volumes)])
    await cluster.clock.sleep(5)
    assert (await container_of(cluster, "free")).ready


@pytest.mark.parametrize(
    ("volume", "fault"),
    [
        ({"secret": {"secretName": "nope"}}, 'secret "nope" not found'),
        ({"configMap": {"name": "nope"}}, 'configmap "nope" not found'),
        (
            {
                "projected": {
                    "sources": [{"configMap": {"name": "nope"}}, {"secret": {"name": "nope"}}]
                }
            },
            '[configmap "nope" not found, secret "nope" not found]',
        ),
    ],
)
async def test_a_pod_waits_for_its_volumes(cluster: Cluster, volume: Manifest, fault: str) -> None:
    """It has no network before; it runs soon after the objects are there."""
    mounts = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    await cluster.apply([pod_with("vol", mounts, volumes=[{"name": "v", **volume}])])
    await cluster.clock.sleep(20)
    assert await waiting_of(cluster, "vol") == ("ContainerCreating", "")
    assert (await conditions_of(cluster, "vol"))["PodReadyToStartContainers"] == "False"
    told = ("FailedMount", f'MountVolume.SetUp failed for volume "v" : {fault}')
    assert (await events_of(cluster, "vol"))[told].count == 6  # at 0, 0.5, 1.5, 3.5, 7.5 and 15.5 s
    await cluster.apply([CONFIG, SECRET])
    await cluster.clock.sleep(40)
    assert (await container_of(cluster, "vol")).ready


@pytest.mark.parametrize(
    ("volume", "fault"),
    [
        ({"configMap": {"name": "nope"}}, "configmap references non-existent config key: b"),
        ({"secret": {"secretName": "nope"}}, "references non-existent secret key: b"),
    ],
)
async def test_a_volume_without_its_key_says_which(
    cluster: Cluster, volume: Manifest, fault: str
) -> None:
    """If a container mounts it: a volume that none uses is not looked at."""
    (source,) = volume.values()
    source["items"] = [{"key": "b", "path": "b"}]
    mounts = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    volumes = [{"name": "v", **volume}]
    await cluster.apply(
        [
            *(CONFIG, SECRET),
            pod_with("items", mounts, volumes=volumes),
            pod_with("unused", {}, volumes=volumes),
        ]
    )
    await cluster.clock.sleep(5)
    message = f'MountVolume.SetUp failed for volume "v" : {fault}'
    assert ("FailedMount", message) in await events_of(cluster, "items")
    assert (await container_of(cluster, "unused")).ready


async def test_an_image_with_an_impossible_name_is_not_pulled(cluster: Cluster) -> None:
    await cluster.apply([pod_with("bad", {"image": "BAD//image::x"})])
    await cluster.clock.sleep(30)
    message = (
        'Failed to apply default image tag "BAD//image::x": couldn\'t parse image name "BAD//image::x": '
        "invalid reference format"
    )
    assert await waiting_of(cluster, "bad") == ("InvalidImageName", message)
    assert {("InspectFailed", message), ("Failed", "Error: InvalidImageName")} <= set(
        await events_of(cluster, "bad")
    )


async def test_an_image_that_is_never_pulled_has_to_be_there(cluster: Cluster) -> None:
    """It is on the node once another pod has had it pulled."""
    where = {"nodeName": "node-0"}
    never = pod_with("never", {"image": "mine:1", "imagePullPolicy": "Never"}, **where)
    await cluster.apply([never])
    await cluster.clock.sleep(5)
    message = 'Container image "mine:1" is not present with pull policy of Never'
    assert await waiting_of(cluster, "never") == ("ErrImageNeverPull", message)
    assert ("ErrImageNeverPull", message) in await events_of(cluster, "never")
    await cluster.apply([pod_with("other", {"image": "mine:1"}, **where)])
    await cluster.clock.sleep(15)
    assert (await container_of(cluster, "never")).ready


async def test_an_image_that_cannot_be_pulled_is_tried_later_and_later(cluster: Cluster) -> None:
    image = "registry.invalid/none:404"
    await cluster.apply([pod_with("gone", {"image": image})])
    await cluster.clock.sleep(0.5)
    reason, error = await waiting_of(cluster, "gone")
    assert reason == "ErrImagePull"
    assert error.endswith("dial tcp: lookup registry.invalid: no such host")
    await cluster.clock.sleep(2)
    held = f'Back-off pulling image "{image}": ErrImagePull: {error}'
    assert await waiting_of(cluster, "gone") == ("ImagePullBackOff", held)
    await cluster.clock.sleep(60)
    events = await events_of(cluster, "gone")
    assert events["Pulling", f'Pulling image "{image}"'].count == 3  # at 0, 10 and 30 s
    assert events["BackOff", f'Back-off pulling image "{image}"'].type == "Normal"
    patch = [{"op": "replace", "path": "/spec/containers/0/image", "value": "there:1"}]
    await cluster.client.patch(Pod, "gone", patch, namespace="default", patch_type="json")
    await cluster.clock.sleep(2)
    status = await container_of(cluster, "gone")
    assert (status.ready, status.restart_count) == (True, 0)


async def test_a_profile_makes_pulls_slow_or_fail(cluster: Cluster) -> None:
    slow = pod_with("slow", {"image": "big:1"}, simulation={"pull-seconds": 20})
    failing = pod_with("failing", {"image": "big:2"}, simulation={"pull-fail-probability": 1})
    await cluster.apply([slow, failing])
    await cluster.clock.sleep(8)
    assert ("Pulling", 'Pulling image "big:1"') in await events_of(cluster, "slow")
    assert await waiting_of(cluster, "slow") == ("ContainerCreating", "")
    assert (await waiting_of(cluster, "failing"))[0] == "ImagePullBackOff"
    await cluster.clock.sleep(14)
    started = (await container_of(cluster, "slow")).state
    assert started is not None
    assert started.running is not None
    events = await events_of(cluster, "slow")
    text = 'Successfully pulled image "big:1" in 20s (20s including waiting).'
    assert parse_time(events["Pulled", text].first_timestamp or "")


@pytest.mark.parametrize(
    ("image", "fault"),
    [
        ("nginx", ""),
        ("registry.example:5000/a/b.c_d:1.2@sha256:" + "0" * 64, ""),
        ("Nginx", "invalid reference format: repository name (library/Nginx) must be lowercase"),
        ("a//b", "invalid reference format"),
        ("a:b:c", "invalid reference format"),
        ("-a", "invalid reference format"),
    ],
)
def test_names_of_images_are_read_as_registries_do(image: str, fault: str) -> None:
    assert name_fault(image) == (fault and f'couldn\'t parse image name "{image}": {fault}')


def test_an_image_has_a_full_name() -> None:
    assert full_name("nginx") == "docker.io/library/nginx:latest"
    assert full_name("me/app:1") == "docker.io/me/app:1"
    assert full_name("localhost/app") == "localhost/app:latest"
