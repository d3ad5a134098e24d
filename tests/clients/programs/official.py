"""The official client of Python: load, watch, page, read logs, exec, patch, apply, refuse."""

import kubernetes.client
import kubernetes.config
import kubernetes.dynamic
import kubernetes.stream
import kubernetes.utils
import kubernetes.watch
import pytest

from tests.clients.programs.work import SAYS, web

with kubernetes.config.new_client_from_config() as api:
    core, apps = kubernetes.client.CoreV1Api(api), kubernetes.client.AppsV1Api(api)
    kubernetes.utils.create_from_dict(api, web(), namespace="official")
    watch = kubernetes.watch.Watch()
    kinds = []
    for event in watch.stream(apps.list_namespaced_deployment, "official", timeout_seconds=60):
        kinds.append(event["type"])
        if event["object"].status.available_replicas == 2:
            watch.stop()
    assert kinds[0] == "ADDED", kinds
    assert set(kinds[1:]) == {"MODIFIED"}, kinds

    first = core.list_namespaced_pod("official", label_selector="app=web", limit=1)
    rest = core.list_namespaced_pod(
        "official", label_selector="app=web", limit=1, _continue=first.metadata._continue
    )
    names = {first.items[0].metadata.name, rest.items[0].metadata.name}
    assert len(names) == 2
    assert not rest.metadata._continue

    name = names.pop()
    assert core.read_namespaced_pod_log(name, "official") == f"{SAYS}\n"
    words = ["sh", "-c", "echo $((6 * 7)); echo no >&2; exit 3"]
    said = kubernetes.stream.stream(
        core.connect_get_namespaced_pod_exec,
        name,
        "official",
        command=words,
        stdout=True,
        stderr=True,
        _preload_content=False,
    )
    said.run_forever(timeout=30)
    assert (said.read_stdout(), said.read_stderr(), said.returncode) == ("42\n", "no\n", 3)

    with pytest.raises(kubernetes.client.ApiException) as refused:
        apps.create_namespaced_deployment("official", web())
    assert refused.value.status == 409
    assert '"reason":"AlreadyExists"' in refused.value.body

    stale = apps.read_namespaced_deployment("web", "official")
    apps.patch_namespaced_deployment_scale("web", "official", {"spec": {"replicas": 0}})
    stale.spec.replicas = 5
    with pytest.raises(kubernetes.client.ApiException, match="Conflict"):
        apps.replace_namespaced_deployment("web", "official", stale)

    dynamic = kubernetes.dynamic.DynamicClient(api)
    maps = dynamic.resources.get(api_version="v1", kind="ConfigMap")
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "one"},
        "data": {"a": "1"},
    }
    made = maps.server_side_apply(body, "one", "official", field_manager="somebody")
    assert [each.operation for each in made.metadata.managedFields] == ["Apply"]
