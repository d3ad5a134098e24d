"""Services: addresses and node ports, given out, kept, asked for, and given back."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.core.v1 import Service, ServicePort, ServiceSpec
from orchestrator.machinery.objects import with_resource_version
from orchestrator.protocol import Invalid
from tests.apiserver.harness import Api, meta, refused


def service(name: str, *numbers: int, **options: Any) -> Service:
    """A service with these ports (80 unless given)."""
    ports = tuple(ServicePort(name=f"p{number}", port=number) for number in numbers or (80,))
    return Service(metadata=meta(name), spec=ServiceSpec(**{"ports": ports, **options}))


async def test_a_service_gets_an_address(api: Api) -> None:
    """From the service network, above the part that is kept for those who choose."""
    spec = (await api.create(service("web"))).spec
    assert spec.cluster_ips == (spec.cluster_ip,)
    assert spec.cluster_ip.startswith("10.")
    assert (spec.ip_families, spec.ip_family_policy) == (("IPv4",), "SingleStack")
    other = (await api.create(service("other"))).spec
    assert other.cluster_ip != spec.cluster_ip


async def test_a_chosen_address_is_honoured_until_it_is_taken(api: Api) -> None:
    """And free again when its service is gone."""
    await api.create(service("web", cluster_ip="10.96.0.10"))
    error = await refused(Invalid, api.create(service("two", cluster_ip="10.96.0.10")))
    assert error.message == (
        'Service "two" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: '
        "failed to allocate IP 10.96.0.10: provided IP is already allocated"
    )
    await api.delete(Service, "web")
    await api.create(service("two", cluster_ip="10.96.0.10"))


async def test_an_address_outside_of_the_network_is_refused(api: Api) -> None:
    """The answer says where to look."""
    error = await refused(Invalid, api.create(service("web", cluster_ip="192.168.0.1")))
    assert error.message == (
        'Service "web" is invalid: spec.clusterIPs: Invalid value: ["192.168.0.1"]: '
        "failed to allocate IP 192.168.0.1: the provided IP (192.168.0.1) is not in the valid "
        "range. The range of valid IPs is 10.96.0.0/12"
    )


@pytest.mark.parametrize(
    "options",
    [{"cluster_ip": "None"}, {"type": "ExternalName", "external_name": "example.test"}],
    ids=["headless", "external name"],
)
async def test_some_services_have_no_address(api: Api, options: dict[str, Any]) -> None:
    """They are names only."""
    spec = (await api.create(service("web", **options))).spec
    assert spec.cluster_ip in ("", "None")


async def test_the_cluster_is_single_stack(api: Api) -> None:
    """A service that requires more is refused."""
    dual = service("web", ip_family_policy="RequireDualStack")
    error = await refused(Invalid, api.create(dual))
    assert error.message == (
        'Service "web" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": '
        "this cluster is not configured for dual-stack services"
    )
    error = await refused(Invalid, api.create(service("web", ip_families=("IPv6",))))
    assert error.message == (
        'Service "web" is invalid: spec.ipFamilies[0]: Invalid value: "IPv6": '
        "not configured on this cluster"
    )


async def test_a_failed_create_takes_no_address(api: Api) -> None:
    """Nor does a dry run: only what is stored owns something."""
    await api.create(service("web", cluster_ip="10.96.0.10"), dry_run=True)
    await refused(Invalid, api.create(service("bad name", cluster_ip="10.96.0.10")))
    await api.create(service("web", cluster_ip="10.96.0.10"))


# --- node ports ----------------------------------------------------------------------------


def node_ports(found: Service) -> list[int | None]:
    """The node port of each port."""
    assert found.spec is not None
    return [port.node_port for port in found.spec.ports]


async def test_node_ports_are_given_out(api: Api) -> None:
    """One for each port, in the range."""
    found = node_ports(await api.create(service("web", 80, 443, type="NodePort")))
    assert all(number is not None and 30000 <= number <= 32767 for number in found)
    assert len(set(found)) == 2


async def test_a_chosen_node_port_is_honoured_until_it_is_taken(api: Api) -> None:
    """In Kubernetes' words."""
    chosen = (ServicePort(port=80, node_port=30080),)
    await api.create(service("web", type="NodePort", ports=chosen))
    error = await refused(Invalid, api.create(service("two", type="NodePort", ports=chosen)))
    assert error.message == (
        'Service "two" is invalid: spec.ports[0].nodePort: Invalid value: 30080: '
        "provided port is already allocated"
    )
    await api.delete(Service, "web")
    await api.create(service("two", type="NodePort", ports=chosen))


async def test_a_node_port_outside_of_the_range_is_refused(api: Api) -> None:
    """The answer says which it is."""
    chosen = (ServicePort(port=80, node_port=80),)
    error = await refused(Invalid, api.create(service("web", type="NodePort", ports=chosen)))
    assert error.message == (
        'Service "web" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is '
        "not in the valid range. The range of valid ports is 30000-32767"
    )


async def test_two_protocols_may_share_a_node_port(api: Api) -> None:
    """DNS does."""
    ports = (
        ServicePort(name="udp", port=53, protocol="UDP", node_port=30053),
        ServicePort(name="tcp", port=53, protocol="TCP", node_port=30053),
    )
    assert node_ports(await api.create(service("dns", type="NodePort", ports=ports))) == [
        30053,
        30053,
    ]


async def test_an_exhausted_range_is_said(api: Api) -> None:
    """Every port is somebody's."""
    async with Api(node_ports=(30000, 30001)) as small:
        await small.create(service("web", 80, 443, type="NodePort"))
        error = await refused(Invalid, small.create(service("two", type="NodePort")))
    assert error.causes[0].message.endswith("failed to allocate a nodePort: range is full")


# --- updates -------------------------------------------------------------------------------


async def test_what_an_update_leaves_out_stays(api: Api) -> None:
    """`kubectl replace` of the manifest keeps address and node ports."""
    before = await api.create(service("web", 80, type="NodePort"))
    after = await api.update(service("web", 80, 443, type="NodePort"))
    assert after.spec.cluster_ip == before.spec.cluster_ip
    assert node_ports(after)[0] == node_ports(before)[0]
    assert node_ports(after)[1] not in (None, *node_ports(before))


async def test_a_change_of_type_gives_back_what_it_makes_meaningless(api: Api) -> None:
    """NodePort, ClusterIP, ExternalName, and back to a new address."""
    read = await api.create(
        service("web", type="NodePort", ports=(ServicePort(port=80, node_port=30080),))
    )
    read = await api.update(replace(read, spec=replace(read.spec, type="ClusterIP")))
    assert node_ports(read) == [None]
    chosen = (ServicePort(port=80, node_port=30080),)
    await api.create(service("two", type="NodePort", ports=chosen))
    external = replace(read.spec, type="ExternalName", external_name="example.test")
    read = await api.update(replace(read, spec=external))
    assert read.spec.cluster_ip == ""
    assert read.spec.cluster_ips == ()
    internal = replace(read.spec, type="ClusterIP", external_name="")
    read = await api.update(replace(read, spec=internal))
    assert read.spec.cluster_ip


async def test_an_address_cannot_be_changed(api: Api) -> None:
    """It is in too many caches."""
    read = await api.create(service("web", cluster_ip="10.96.0.10"))
    spec = replace(read.spec, cluster_ip="10.96.0.11", cluster_ips=("10.96.0.11",))
    error = await refused(Invalid, api.update(replace(read, spec=spec)))
    assert "field is immutable" in error.message or "may not change once set" in error.message


@pytest.mark.parametrize("other", ["10.96.0.11", "None"])
async def test_a_change_of_the_older_field_alone_means_both(api: Api, other: str) -> None:
    """The complaint is of the change, not of a mismatch that the client did not write."""
    read = await api.create(service("web", cluster_ip="10.96.0.10"))
    spec = replace(read.spec, cluster_ip=other)
    error = await refused(Invalid, api.update(replace(read, spec=spec)))
    (cause,) = error.causes
    assert cause.field == "spec.clusterIPs[0]"
    assert cause.message == f'Invalid value: ["{other}"]: may not change once set'


async def test_a_local_load_balancer_gets_a_port_for_health_checks(api: Api) -> None:
    """Given out like a node port, kept by updates, and gone with the policy that needs it."""
    options: dict[str, Any] = {"type": "LoadBalancer", "external_traffic_policy": "Local"}
    made = await api.create(service("web", **options))
    port = made.spec.health_check_node_port
    assert port is not None
    assert 30000 <= port <= 32767
    assert port not in node_ports(made)
    again = await api.update(service("web", 80, 443, **options))
    assert again.spec.health_check_node_port == port
    wide = replace(again.spec, external_traffic_policy="Cluster")
    after = await api.update(replace(again, spec=wide))
    assert not after.spec.health_check_node_port


async def test_an_update_that_fails_takes_nothing(api: Api) -> None:
    """Neither does one that is overtaken."""
    await api.create(
        service("one", type="NodePort", ports=(ServicePort(port=80, node_port=30001),))
    )
    two = await api.create(service("two", type="NodePort"))
    taken = (ServicePort(port=80, node_port=30001, name="p80"),)
    await refused(Invalid, api.update(replace(two, spec=replace(two.spec, ports=taken))))
    assert node_ports(await api.get(Service, "two")) == node_ports(two)


async def test_services_are_updated_blindly_and_created_by_updates(api: Api) -> None:
    """As in Kubernetes."""
    created = await api.update(service("web"))
    again = await api.update(with_resource_version(created, ""))
    assert again is created


async def test_a_headless_service_without_a_selector_may_be_of_both_families(api: Api) -> None:
    """Who writes its slices decides; with a selector it is of the cluster's."""
    spec = (await api.create(service("web", cluster_ip="None"))).spec
    assert (spec.ip_families, spec.ip_family_policy) == (("IPv4", "IPv6"), "RequireDualStack")
    spec = (await api.create(service("pods", cluster_ip="None", selector={"a": "b"}))).spec
    assert (spec.ip_families, spec.ip_family_policy) == (("IPv4",), "SingleStack")


async def test_addresses_are_told_of_before_anything_else_is(api: Api) -> None:
    """What cannot be given out is refused alone."""
    wrong = service("web", cluster_ip="None", cluster_ips=("None", "10.96.0.9"), type="Odd")
    error = await refused(Invalid, api.create(wrong))
    assert error.message == (
        'Service "web" is invalid: spec.clusterIPs: Invalid value: ["None","10.96.0.9"]: '
        "'None' must be the first and only value"
    )


async def test_an_external_name_has_no_address_to_choose(api: Api) -> None:
    """Neither by the older field."""
    named = service("web", type="ExternalName", external_name="a.b", cluster_ip="10.96.0.9")
    error = await refused(Invalid, api.create(named))
    assert error.message.endswith(
        "spec.clusterIPs: Forbidden: may not be set for ExternalName services"
    )


async def test_a_dry_run_claims_no_port(api: Api) -> None:
    """As Kubernetes' does, which takes any number then."""
    low = service("web", type="NodePort", ports=(ServicePort(port=80, node_port=80),))
    assert node_ports(await api.create(low, dry_run=True)) == [80]
    await refused(Invalid, api.create(low))
