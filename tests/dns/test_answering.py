"""What names are answered: the DNS specification of Kubernetes, section by section."""

from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from orchestrator.api import codec
from orchestrator.api.core.v1 import Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.dns.answering import Foreign, answer, in_datagram
from orchestrator.dns.records import Zone

SUFFIX = "default.svc.cluster.local."


def make_service(name: str, ip: str, **spec: Any) -> Service:
    """A Service of the namespace `default` with the port http."""
    document = {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "clusterIP": ip,
            "clusterIPs": [ip] if ip else [],
            "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
            **spec,
        },
    }
    return codec.from_dict({"apiVersion": "v1", "kind": "Service", **document}, Service)


def _slice(service: str, *endpoints: dict[str, Any], family: str = "IPv4") -> EndpointSlice:
    document = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{service}-{family.lower()}",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": family,
        "endpoints": list(endpoints),
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    }
    return codec.from_dict(document, EndpointSlice)


def _put(zone: Zone, *objects: Service | EndpointSlice) -> None:
    for each in objects:
        key = (each.metadata.namespace, each.metadata.name)
        if isinstance(each, Service):
            zone.put_service(key, each)
        else:
            zone.put_slice(key, each)


@pytest.fixture
def zone() -> Zone:
    made = Zone()
    made.put_namespace("default")
    _put(
        made,
        make_service("web", "10.96.0.7"),
        make_service("dual", "10.96.0.8", clusterIPs=["10.96.0.8", "fd00::8"]),
        make_service("db", "None"),
        _slice(
            "db",
            {"addresses": ["10.1.0.2"], "hostname": "db-0", "conditions": {"ready": True}},
            {"addresses": ["10.1.0.3"], "conditions": {}},
            {"addresses": ["10.1.0.4"], "hostname": "db-2", "conditions": {"ready": False}},
        ),
        _slice("web", {"addresses": ["10.1.0.9"], "conditions": {"ready": True}}),
        make_service("idle", "None"),
        make_service("out", "", type="ExternalName", externalName="example.com", ports=[]),
        make_service("alias", "", type="ExternalName", externalName=f"web.{SUFFIX}", ports=[]),
    )
    return made


def _ask(zone: Zone, name: str, kind: str = "A") -> dns.message.Message:
    return answer(zone, dns.message.make_query(name, kind))


def _data(response: dns.message.Message) -> list[str]:
    return sorted(f"{s.name} {r}" for s in response.answer for r in s)


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("dns-version.cluster.local.", "TXT", ['dns-version.cluster.local. "1.1.0"']),
        (f"web.{SUFFIX}", "A", [f"web.{SUFFIX} 10.96.0.7"]),
        (f"dual.{SUFFIX}", "AAAA", [f"dual.{SUFFIX} fd00::8"]),
        (f"_http._tcp.web.{SUFFIX}", "SRV", [f"_http._tcp.web.{SUFFIX} 0 100 80 web.{SUFFIX}"]),
        ("7.0.96.10.in-addr.arpa.", "PTR", [f"7.0.96.10.in-addr.arpa. web.{SUFFIX}"]),
        (f"db.{SUFFIX}", "A", [f"db.{SUFFIX} 10.1.0.2", f"db.{SUFFIX} 10.1.0.3"]),
        (f"db-0.db.{SUFFIX}", "A", [f"db-0.db.{SUFFIX} 10.1.0.2"]),
        (f"10-1-0-3.db.{SUFFIX}", "A", [f"10-1-0-3.db.{SUFFIX} 10.1.0.3"]),
        (
            f"_http._tcp.db.{SUFFIX}",
            "SRV",
            [
                f"_http._tcp.db.{SUFFIX} 0 100 8080 10-1-0-3.db.{SUFFIX}",
                f"_http._tcp.db.{SUFFIX} 0 100 8080 db-0.db.{SUFFIX}",
            ],
        ),
        ("2.0.1.10.in-addr.arpa.", "PTR", [f"2.0.1.10.in-addr.arpa. db-0.db.{SUFFIX}"]),
        (f"out.{SUFFIX}", "CNAME", [f"out.{SUFFIX} example.com."]),
        (f"alias.{SUFFIX}", "A", [f"alias.{SUFFIX} web.{SUFFIX}", f"web.{SUFFIX} 10.96.0.7"]),
        (
            "10-9-8-7.default.pod.cluster.local.",
            "A",
            ["10-9-8-7.default.pod.cluster.local. 10.9.8.7"],
        ),
        ("WEB.Default.svc.CLUSTER.local.", "A", ["WEB.Default.svc.CLUSTER.local. 10.96.0.7"]),
    ],
)
def test_a_name_has_its_records(zone: Zone, name: str, kind: str, data: list[str]) -> None:
    """All with authority."""
    response = _ask(zone, name, kind)
    assert (response.rcode(), _data(response)) == (dns.rcode.NOERROR, data)
    assert response.flags & dns.flags.AA


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (f"none.{SUFFIX}", "A"),
        ("web.other.svc.cluster.local.", "A"),
        ("other.svc.cluster.local.", "A"),
        (f"x.web.{SUFFIX}", "A"),
        (f"_smtp._tcp.web.{SUFFIX}", "SRV"),
        (f"db-2.db.{SUFFIX}", "A"),
        (f"idle.{SUFFIX}", "A"),
        ("10-9-8-7.other.pod.cluster.local.", "A"),
        ("no-address.default.pod.cluster.local.", "A"),
        ("x.cluster.local.", "A"),
    ],
)
def test_what_is_not_there_does_not_exist(zone: Zone, name: str, kind: str) -> None:
    """NXDOMAIN, with the zone's SOA: an endpoint that is not ready, a headless Service without one, too."""
    response = _ask(zone, name, kind)
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert [s.name.to_text() for s in response.authority] == ["cluster.local."]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (f"web.{SUFFIX}", "AAAA"),
        (f"web.{SUFFIX}", "TXT"),
        (SUFFIX, "A"),
        (f"_tcp.web.{SUFFIX}", "A"),
        ("svc.cluster.local.", "A"),
        ("cluster.local.", "A"),
    ],
)
def test_a_name_without_such_records_exists(zone: Zone, name: str, kind: str) -> None:
    """NODATA, so that a resolver does not give the name up for other types."""
    response = _ask(zone, name, kind)
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])
    assert response.authority


@pytest.mark.parametrize(
    "name", ["example.com.", f"out.{SUFFIX}", "1.0.0.127.in-addr.arpa.", "local."]
)
def test_a_foreign_name_is_not_the_zone_s_to_answer(zone: Zone, name: str) -> None:
    """Also what a CNAME leads to outside of it; what is known so far is kept."""
    with pytest.raises(Foreign) as caught:
        _ask(zone, name)
    assert bool(caught.value.response.answer) == name.startswith("out.")


def test_srv_records_bring_the_addresses_of_their_targets(zone: Zone) -> None:
    """So that a client need not ask twice."""
    response = _ask(zone, f"_http._tcp.db.{SUFFIX}", "SRV")
    assert {r.to_text() for s in response.additional for r in s} == {"10.1.0.2", "10.1.0.3"}


def test_names_follow_what_they_are_made_of(zone: Zone) -> None:
    """A Service that is gone, endpoints that changed, and what a new list does not have."""
    zone.put_service(("default", "web"), None)
    assert _ask(zone, f"web.{SUFFIX}").rcode() == dns.rcode.NXDOMAIN
    with pytest.raises(Foreign):
        _ask(zone, "7.0.96.10.in-addr.arpa.", "PTR")
    _put(zone, _slice("db", {"addresses": ["10.1.0.5"], "hostname": "db-0", "conditions": {}}))
    assert _data(_ask(zone, f"db-0.db.{SUFFIX}")) == [f"db-0.db.{SUFFIX} 10.1.0.5"]
    with pytest.raises(Foreign):
        _ask(zone, "2.0.1.10.in-addr.arpa.", "PTR")
    zone.keep(services=set(), slices=set(), namespaces=set())
    assert _ask(zone, f"db.{SUFFIX}").rcode() == dns.rcode.NXDOMAIN
    assert _ask(zone, SUFFIX).rcode() == dns.rcode.NXDOMAIN


def test_an_answer_that_is_too_long_for_a_datagram_says_so(zone: Zone) -> None:
    """The resolver asks again by TCP; who says that it takes more gets more."""
    many = [{"addresses": [f"10.2.0.{i}"], "conditions": {}} for i in range(60)]
    _put(zone, _slice("db", *many))
    query = dns.message.make_query(f"db.{SUFFIX}", "A")
    cut = dns.message.from_wire(in_datagram(query, answer(zone, query)))
    assert cut.flags & dns.flags.TC
    assert len(cut.answer[0]) == (512 - 12 - len(b"..db.default.svc.cluster.local") - 4) // 16
    query.use_edns(payload=1232)
    whole = dns.message.from_wire(in_datagram(query, answer(zone, query)))
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 60
