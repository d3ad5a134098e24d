"""The slices of a Service: which there are to be, and how few of them change."""

from collections.abc import Mapping

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    Container,
    ContainerPort,
    Node,
    Pod,
    PodIP,
    PodSpec,
    PodStatus,
    Service,
    ServicePort,
    ServiceSpec,
)
from orchestrator.api.discovery.v1 import Endpoint, EndpointPort, EndpointSlice
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.controllers.slice_plan import Actions, Ports, plan, wanted_endpoints

_NODES: Mapping[str, Node] = {"node-0": Node(metadata=ObjectMeta(name="node-0"))}
_HTTP: Ports = (EndpointPort(name="", port=80, protocol="TCP"),)
_OTHER: Ports = (EndpointPort(name="", port=81, protocol="TCP"),)


def _service(uid: str = "uid-1", **spec: object) -> Service:
    said = ServiceSpec(
        selector={"app": "web"},
        cluster_ip="10.96.0.9",
        ip_families=("IPv4",),
        ports=(ServicePort(port=80),),
    )
    return Service(
        metadata=ObjectMeta(name="web", namespace="default", uid=uid),
        spec=replace(said, **spec),
    )


def _pod(name: str, *ips: str, node: str = "node-0", **spec: object) -> Pod:
    said = PodSpec(node_name=node, containers=(Container(name="c"),))
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", uid=f"uid-{name}"),
        spec=replace(said, **spec),
        status=PodStatus(phase="Running", pod_ip=ips[0], pod_ips=tuple(PodIP(ip=ip) for ip in ips)),
    )


def _endpoints(first: int, last: int) -> list[Endpoint]:
    return [Endpoint(addresses=(f"10.0.{n // 250}.{n % 250}",)) for n in range(first, last)]


def _made(actions: Actions) -> list[EndpointSlice]:
    """What was to be created, with names."""
    return [
        replace(each, metadata=replace(each.metadata, name=f"web-{n}"))
        for n, each in enumerate(actions.create)
    ]


def _sizes(slices: tuple[EndpointSlice, ...]) -> list[tuple[str, int]]:
    return [(each.metadata.name, len(each.endpoints)) for each in slices]


def test_a_changed_port_changes_the_slice_that_there_is() -> None:
    """It keeps its name: nothing is deleted and created for it."""
    service = _service()
    present = _made(plan(service, "IPv4", {_HTTP: _endpoints(0, 3)}, ()))
    after = plan(service, "IPv4", {_OTHER: _endpoints(0, 3)}, present)
    assert (after.create, after.delete) == ((), ())
    assert [(s.metadata.name, s.ports) for s in after.update] == [("web-0", _OTHER)]


def test_the_order_of_ports_changes_nothing() -> None:
    """A slice is told by which ports it has."""
    service = _service()
    present = _made(plan(service, "IPv4", {_HTTP + _OTHER: _endpoints(0, 3)}, ()))
    assert plan(service, "IPv4", {_OTHER + _HTTP: _endpoints(0, 3)}, present) == Actions()


def test_what_is_new_goes_into_one_slice_that_has_room_for_all() -> None:
    """The fullest of those; if none has, into a new one, and the others are left alone."""
    service = _service()
    present = [
        replace(each, endpoints=each.endpoints[:size])
        for each, size in zip(
            _made(plan(service, "IPv4", {_HTTP: _endpoints(0, 300)}, ())),
            (100, 60, 90),
            strict=True,
        )
    ]
    kept = [e for each in present for e in each.endpoints]
    few = plan(service, "IPv4", {_HTTP: [*kept, *_endpoints(400, 405)]}, present)
    assert (_sizes(few.update), few.create) == ([("web-2", 95)], ())
    more = plan(service, "IPv4", {_HTTP: [*kept, *_endpoints(400, 420)]}, present)
    assert (_sizes(more.update), more.create) == ([("web-1", 80)], ())
    many = plan(service, "IPv4", {_HTTP: [*kept, *_endpoints(400, 450)]}, present)
    assert (many.update, _sizes(many.create)) == ((), [("", 50)])


def test_slices_of_a_service_that_is_gone_are_not_taken_over() -> None:
    """The garbage collector is about to take them: a Service of the same name has slices of its own."""
    present = _made(plan(_service("uid-1"), "IPv4", {_HTTP: _endpoints(0, 3)}, ()))
    after = plan(_service("uid-2"), "IPv4", {_HTTP: _endpoints(0, 3)}, present)
    assert (_sizes(after.create), after.update) == ([("", 3)], ())
    assert _sizes(after.delete) == [("web-0", 3)]


def test_the_last_slice_stays_empty() -> None:
    """And an empty one is not written again."""
    service = _service()
    present = _made(plan(service, "IPv4", {_HTTP: _endpoints(0, 3)}, ()))
    after = plan(service, "IPv4", {}, present)
    (empty,) = after.update
    assert (empty.metadata.name, empty.ports, empty.endpoints) == ("web-0", (), ())
    assert plan(service, "IPv4", {}, after.update) == Actions()


def test_a_pod_has_an_endpoint_of_each_family_that_it_has_an_address_of() -> None:
    """And none of the others."""
    pods = [_pod("a", "10.0.0.1", "fd00::1"), _pod("b", "10.0.0.2")]
    told = {
        family: [
            e.addresses
            for each in wanted_endpoints(_service(), pods, _NODES.get, family).endpoints.values()
            for e in each
        ]
        for family in ("IPv4", "IPv6")
    }
    assert told == {"IPv4": [("10.0.0.1",), ("10.0.0.2",)], "IPv6": [("fd00::1",)]}


def test_a_pod_of_no_known_node_is_no_endpoint() -> None:
    """Unless addresses are published whatever they are."""
    pods = [_pod("a", "10.0.0.1", node="gone")]
    left_out = wanted_endpoints(_service(), pods, _NODES.get, "IPv4")
    assert [pod.metadata.name for pod in left_out.homeless] == ["a"]
    assert [*left_out.endpoints.values()] == [[]]
    published = _service(publish_not_ready_addresses=True)
    assert len(wanted_endpoints(published, pods, _NODES.get, "IPv4").endpoints[_HTTP]) == 1


def test_a_port_is_found_by_name_in_sidecars_too() -> None:
    """But not in init containers that end."""
    service = _service(ports=(ServicePort(port=80, target_port="web"),))
    init = Container(name="i", ports=(ContainerPort(name="web", container_port=8080),))
    sidecar = replace(init, restart_policy="Always")
    for containers, ports in (((init,), []), ((sidecar,), [8080])):
        pods = [_pod("a", "10.0.0.1", init_containers=containers)]
        (found,) = wanted_endpoints(service, pods, _NODES.get, "IPv4").endpoints
        assert [port.port for port in found] == ports
