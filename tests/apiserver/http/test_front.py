"""The front over real TLS: who may come in, and what the documents about the server say."""

import asyncio
import gzip
import json
import re
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientError, ClientSession, TCPConnector
from aiohttp.client_exceptions import ClientConnectorCertificateError

from orchestrator import Cluster
from orchestrator.apiserver.http import HttpFront, pki
from tests.apiserver.http.conftest import Caller, caller

Running = tuple[Cluster, HttpFront]


async def test_the_administrators_kubeconfig_has_all_that_a_client_needs(
    running: Running, tmp_path: Path
) -> None:
    """And only its owner may read it."""
    _, front = running
    path = front.write_kubeconfig(tmp_path / "kubeconfig")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    document = yaml.safe_load(path.read_text())
    assert document["clusters"][0]["cluster"]["server"] == front.url
    assert document["current-context"] == document["contexts"][0]["name"]


async def test_a_stranger_sees_the_version_and_nothing_else(
    running: Running, tmp_path: Path
) -> None:
    """Whoever shows no credentials is nobody."""
    _, front = running
    async with caller(front, None, tmp_path) as stranger:
        assert (await stranger("GET", "/version"))[0] == 200
        code, status = await stranger("GET", "/api/v1/pods")
        assert (code, status["reason"]) == (403, "Forbidden")
        assert 'User "system:anonymous" cannot list resource "pods"' in status["message"]
        code, status = await stranger("GET", "/api")
        assert status["message"] == 'forbidden: User "system:anonymous" cannot get path "/api"'


async def test_a_client_is_who_its_certificate_says(
    running: Running, call: Caller, tmp_path: Path
) -> None:
    """By common name and organization."""
    _, front = running
    async with caller(front, front.client("jane", ["devs"]), tmp_path) as jane:
        code, status = await jane("GET", "/api/v1/nodes")
        assert (code, status["reason"]) == (403, "Forbidden")
        assert 'User "jane" cannot list resource "nodes"' in status["message"]
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    code, answer = await call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert code == 201
    assert "system:masters" in answer["status"]["userInfo"]["groups"]


async def test_a_certificate_of_another_authority_is_refused(
    running: Running, tmp_path: Path
) -> None:
    """In the handshake."""
    cluster, front = running
    foreign = pki.generate(cluster.clock.now())
    with pytest.raises(ClientError):
        async with caller(front, foreign.admin, tmp_path) as impostor:
            await impostor("GET", "/api/v1/pods")


async def test_the_handshake_names_who_may_sign_clients_certificates(running: Running) -> None:
    """So that a client with several certificates can choose."""
    _, front = running
    asking = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", f"127.0.0.1:{front.port}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await asking.communicate()
    names = said.partition(b"Acceptable client certificate CA names\n")[2].splitlines()
    assert names[0].replace(b" ", b"") == b"CN=kubernetes"


async def test_a_wrong_token_is_unauthorized(running: Running, tmp_path: Path) -> None:
    """And not anonymous."""
    _, front = running
    async with caller(front, None, tmp_path) as stranger:
        code, status = await stranger("GET", "/version", Authorization="Bearer nonsense")
        assert (code, status["reason"]) == (401, "Unauthorized")


async def test_a_client_that_does_not_know_the_authority_does_not_connect(
    running: Running,
) -> None:
    """The server's certificate is its own."""
    _, front = running
    context = ssl.create_default_context()
    async with ClientSession(connector=TCPConnector(ssl=context)) as session:
        with pytest.raises(ClientConnectorCertificateError):
            await session.get(front.url + "/version")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/livez?verbose"])
async def test_the_server_says_that_it_is_well(call: Caller, path: str) -> None:
    """As plain text."""
    async with call.send("GET", path) as answer:
        assert answer.status == 200
        assert "ok" in await answer.text()


async def test_health_is_told_check_by_check(call: Caller) -> None:
    """By Kubernetes' names; checks can be excluded, and one that is not known is said so."""
    async with call.send("GET", "/readyz?verbose&exclude=log&exclude=nothing") as answer:
        lines = (await answer.text()).splitlines()
    assert lines[:3] == ["[+]ping ok", "[+]log excluded: ok", "[+]informer-sync ok"]
    assert "[+]poststarthook/rbac/bootstrap-roles ok" in lines
    assert lines[-3:] == [
        "[+]shutdown ok",
        'warn: some health checks cannot be excluded: no matches for "nothing"',
        "readyz check passed",
    ]
    for path, code in (
        ("/livez/ping", 200),
        ("/livez/etcd", 200),
        ("/livez/shutdown", 404),
        ("/readyz/shutdown", 200),
        ("/readyz/", 404),
    ):
        async with call.send("GET", path) as answer:
            assert answer.status == code


async def test_checks_are_counted_by_their_outcome(call: Caller) -> None:
    """Under Kubernetes' names of metrics, for who measures a service level by them."""
    async with call.send("GET", "/livez") as answer:
        assert answer.status == 200
    async with call.send("GET", "/livez/ping"), call.send("GET", "/metrics/slis") as answer:
        lines = (await answer.text()).splitlines()
    assert 'kubernetes_healthcheck{name="etcd",type="livez"} 1' in lines
    assert 'kubernetes_healthchecks_total{name="ping",status="success",type="livez"} 2' in lines


async def test_the_server_describes_itself(tmp_path: Path) -> None:
    """Since when it runs, and with which options."""
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve(flags={"nodes": "0", "bare": "True"})
        async with caller(front, front.pki.admin, tmp_path) as call:
            async with call.send("GET", "/statusz") as answer:
                text = await answer.text()
            assert text.startswith("\napiserver statusz\nWarning: This endpoint is not meant")
            assert re.search(r"^Up= 0 hr 00 min \d\d sec$", text, re.MULTILINE)
            assert "Binary version= 1.36.2" in text.splitlines()
            async with call.send("GET", "/flagz") as answer:
                assert (await answer.text()).splitlines()[-2:] == ["bare:True", "nodes:0"]
            form = "application/yaml;as=Flagz;g=config.k8s.io;v=v1alpha1"
            async with call.send("GET", "/flagz", Accept=form) as answer:
                head = "apiVersion: config.k8s.io/v1alpha1\n"
                flags = 'flags:\n  bare: "True"\n  nodes: "0"\n'
                assert (
                    await answer.text()
                    == f"{head}{flags}kind: Flagz\nmetadata:\n  name: apiserver\n"
                )
                assert answer.headers["Content-Type"] == (
                    "application/yaml;g=config.k8s.io;v=v1alpha1;as=Flagz"
                )
                assert "flagz endpoint is deprecated" in answer.headers["Warning"]
            form = "text/html, application/json;as=Statusz;g=config.k8s.io;v=v1beta1"
            code, page = await call("GET", "/statusz", Accept=form)
            assert (code, page["kind"], page["binaryVersion"]) == (200, "Statusz", "1.36.2")
            code, status = await call("GET", "/statusz", Accept="application/json")
            assert (code, status["message"]) == (
                406,
                "only the following media types are accepted: "
                "application/json, application/yaml, text/plain",
            )


def _manifest(name: str, cpu: str) -> dict[str, Any]:
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


async def test_metrics_tell_of_the_scheduler_too(
    call: Caller, running: tuple[Cluster, HttpFront]
) -> None:
    """By kube-scheduler's names: the process is one, as in small distributions of Kubernetes."""
    clock = running[0].clock
    for name, cpu in (("fits", "1"), ("huge", "1000")):
        for _ in range(600):  # until the namespace's account is there
            path = "/api/v1/namespaces/default/pods"
            code, _ = await call("POST", path, _manifest(name, cpu))
            if code == 201:
                break
            await clock.sleep(0.1)
    await call("POST", "/api/v1/nodes", {"metadata": {"name": "tiny"}})
    wanted = {
        'scheduler_schedule_attempts_total{result="scheduled",profile="default-scheduler"}',
        'scheduler_schedule_attempts_total{result="unschedulable",profile="default-scheduler"}',
        'scheduler_pending_pods{queue="unschedulable"}',
        'scheduler_unschedulable_pods{plugin="NodeResourcesFit",profile="default-scheduler"}',
        'scheduler_queue_incoming_pods_total{queue="active",event="UnschedulablePodAdd"}',
        'scheduler_queue_incoming_pods_total{queue="unschedulable",event="ScheduleAttemptFailure"}',
        'scheduler_cache_size{type="nodes"}',
        "scheduler_preemption_attempts_total",
        "scheduler_pod_scheduling_attempts_count",
        "scheduler_scheduling_algorithm_duration_seconds_count",
        'scheduler_framework_extension_point_duration_seconds_count{extension_point="Bind",status="Success",'
        'profile="default-scheduler"}',
        'scheduler_framework_extension_point_duration_seconds_count{extension_point="PostFilter",'
        'status="Unschedulable",profile="default-scheduler"}',
        'scheduler_framework_extension_point_duration_seconds_count{extension_point="Filter",status="Success",'
        'profile="default-scheduler"}',
        'scheduler_framework_extension_point_duration_seconds_count{extension_point="Score",status="Success",'
        'profile="default-scheduler"}',
        'scheduler_plugin_execution_duration_seconds_count{plugin="NodeResourcesFit",extension_point="Filter",'
        'status="Success"}',
        'scheduler_batch_attempts_total{profile="default-scheduler",result="no_hint"}',
        'scheduler_event_handling_duration_seconds_count{event="NodeAdd"}',
        'scheduler_event_handling_duration_seconds_count{event="UnschedulablePodAdd"}',
        'scheduler_event_handling_duration_seconds_count{event="AssignedPodAdd"}',
        'scheduler_queueing_hint_execution_duration_seconds_count{plugin="NodeResourcesFit",event="NodeAdd",'
        'hint="QueueSkip"}',
    }
    missing = wanted
    for _ in range(600):
        async with call.send("GET", "/metrics") as answer:
            lines = (await answer.text()).splitlines()
        missing = wanted - {line.rpartition(" ")[0] for line in lines if not line.endswith(" 0")}
        if not missing:
            break
        await clock.sleep(0.1)
    assert not missing


async def test_metrics_count_requests(call: Caller) -> None:
    """In Prometheus' form, by Kubernetes' names."""
    await call("GET", "/api/v1/pods")
    async with call.send("GET", "/metrics") as answer:
        text = await answer.text()
        assert answer.content_type == "text/plain"
    assert (
        'apiserver_request_total{verb="LIST",dry_run="",group="",version="v1",resource="pods",'
        'subresource="",scope="cluster",component="apiserver",code="200"} 1\n'
    ) in text
    names = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    assert {
        "apiserver_request_duration_seconds",
        "apiserver_request_sli_duration_seconds",
        "apiserver_response_sizes",
        "apiserver_current_inflight_requests",
        "apiserver_flowcontrol_nominal_limit_seats",
        "apiserver_flowcontrol_dispatched_requests_total",
        "apiserver_storage_objects",
        "authentication_attempts",
        "authorization_attempts_total",
        "kube_apiserver_clusterip_allocator_allocated_ips",
        "kubernetes_build_info",
        "process_resident_memory_bytes",
    } <= names
    assert 'apiserver_flowcontrol_nominal_limit_seats{priority_level="workload-low"} 245' in text
    assert 'apiserver_storage_objects{resource="namespaces"} 4' in text
    buckets = re.findall(r'request_duration_seconds_bucket{verb="LIST".*le="(.+)"} (\d+)', text)
    assert buckets[-1] == ("+Inf", "1")


async def test_the_actors_of_the_process_have_a_page(
    running: Running, call: Caller, tmp_path: Path
) -> None:
    """For those who may read the path; Kubernetes does not list its own /debug either."""
    code, page = await call("GET", "/debug/actors")
    assert code == 200
    (server,) = [each for each in page["actors"] if each["path"] == "/apiserver"]
    assert server["handled"] > 0
    assert {"mailboxDepth", "restarts", "queues"} <= set(server)
    async with call.send("GET", "/debug/other") as answer:
        assert answer.status == 404
    assert "/debug/actors" not in (await call("GET", "/"))[1]["paths"]
    async with caller(running[1], None, tmp_path) as stranger:
        code, status = await stranger("GET", "/debug/actors")
        assert code in (401, 403)
        assert status["kind"] == "Status"


async def test_discovery_has_every_group_and_resource(call: Caller) -> None:
    """In the old form and the aggregated one."""
    _, groups = await call("GET", "/apis")
    assert {"apps", "batch", "rbac.authorization.k8s.io"} <= {g["name"] for g in groups["groups"]}
    _, resources = await call("GET", "/apis/apps/v1")
    (deployments,) = [r for r in resources["resources"] if r["name"] == "deployments"]
    assert (deployments["kind"], deployments["namespaced"]) == ("Deployment", True)
    assert deployments["shortNames"] == ["deploy"]
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    code, aggregated = await call("GET", "/apis", Accept=accept)
    assert (code, aggregated["kind"]) == (200, "APIGroupDiscoveryList")
    for media in ("vnd.kubernetes.protobuf", "yaml"):
        accept = accept.replace("json", media)
        async with call.send("GET", "/apis", Accept=accept) as answer:
            assert answer.headers["Content-Type"] == accept
            assert b"deployments" in await answer.read()
            tag = answer.headers["ETag"]
        async with call.send("GET", "/apis", Accept=accept, If_None_Match=tag) as answer:
            assert (answer.status, "Content-Type" in answer.headers) == (304, False)


async def test_schemas_are_there_and_kept_by_clients(call: Caller) -> None:
    """OpenAPI v2 in both forms, v3 by group, with entity tags."""
    async with call.send("GET", "/openapi/v2") as answer:
        assert "io.k8s.api.apps.v1.Deployment" in (await answer.json())["definitions"]
        tag = answer.headers["ETag"]
    async with call.send("GET", "/openapi/v2", If_None_Match=tag) as answer:
        assert answer.status == 304
    accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    async with call.send("GET", "/openapi/v2", Accept=accept) as answer:
        assert answer.headers["Content-Type"].endswith("v1.0+protobuf")
        assert b"io.k8s.api.apps.v1.Deployment" in await answer.read()
    async with call.send("GET", "/openapi/v3") as answer:
        index = json.loads(await answer.read())  # Kubernetes calls it text
    apps = index["paths"]["apis/apps/v1"]["serverRelativeURL"]
    _, document = await call("GET", apps)
    assert document["openapi"] == "3.0.0"
    accept = accept.replace("v2", "v3")
    async with call.send("GET", apps, Accept=accept) as answer:
        assert answer.headers["Content-Type"] == accept.replace("@", ".")
        assert b"io.k8s.api.apps.v1.Deployment" in await answer.read()
        tags = {"If_None_Match": f'"x", W/{answer.headers["ETag"]}'}
        since = {"If_Modified_Since": answer.headers["Last-Modified"]}
    for has_it in (tags, since, {"If_None_Match": "*"}):
        async with call.send("GET", apps, **has_it) as answer:
            assert (answer.status, "Content-Type" in answer.headers) == (304, False)
    async with call.send("GET", apps, If_None_Match='"x"', **since) as answer:
        assert answer.status == 200
    async with call.send("GET", "/openapi/v3/apis/none/v1") as answer:
        assert (answer.status, await answer.read()) == (404, b"")


async def test_long_answers_are_compressed_for_those_who_accept_it(
    running: Running, call: Caller
) -> None:
    """And the same otherwise."""
    async with call.send("GET", "/openapi/v2", Accept_Encoding="identity") as answer:
        plain = await answer.read()
        assert "Content-Encoding" not in answer.headers
    call.session._auto_decompress = False
    async with call.send("GET", "/openapi/v2", Accept_Encoding="gzip") as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(await answer.read()) == plain


async def test_two_fronts_of_one_cluster_have_ports_of_their_own(running: Running) -> None:
    """And authorities of their own."""
    cluster, front = running
    other = await cluster.serve()
    assert other.port != front.port
    with pytest.raises(OSError, match="address already in use"):
        await cluster.serve(port=front.port)
