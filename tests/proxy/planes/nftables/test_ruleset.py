"""The transactions of the nftables plane: only what differs, in an order that the kernel takes."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from orchestrator.proxy.eligibility import Place
from orchestrator.proxy.planes.nftables.rendering import Surroundings, render
from orchestrator.proxy.planes.nftables.ruleset import transaction
from orchestrator.proxy.table import EMPTY_TABLE, Table, advance, service_changed, slice_changed
from tests.proxy.planes.nftables.kernel_model import Kernel
from tests.proxy.test_table import endpoint, make_service, make_slice

NODE = Surroundings(Place("node-0"), "172.16.0.2", "10.128.0.0/24", "10.96.0.0/12")


def _table(*ips: str, **spec: object) -> Table:
    service = make_service("a", "10.96.0.10", **spec)
    slice_ = make_slice("s", "a", *(endpoint(ip) for ip in ips))
    protocol = service.spec.ports[0].protocol if service.spec is not None else ""
    slice_ = replace(
        slice_, ports=tuple(replace(p, protocol=protocol or "TCP") for p in slice_.ports)
    )
    return advance(EMPTY_TABLE, (*service_changed(None, service), *slice_changed(None, slice_)))


_SPECS = st.fixed_dictionaries(
    {},
    optional={
        "sessionAffinity": st.just("ClientIP"),
        "sessionAffinityConfig": st.sampled_from([10, 20]).map(
            lambda seconds: {"clientIP": {"timeoutSeconds": seconds}}
        ),
        "internalTrafficPolicy": st.just("Local"),
        "externalTrafficPolicy": st.just("Local"),
        "externalIPs": st.just(["1.2.3.4"]),
        "ports": st.sampled_from(["TCP", "UDP", "SCTP"]).map(
            lambda protocol: [{"port": 80, "nodePort": 30080, "protocol": protocol}]
        ),
    },
)
_TABLES = st.tuples(st.sets(st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"])), _SPECS)


@given(st.lists(_TABLES, min_size=1, max_size=6))
def test_transactions_lead_from_any_table_to_the_next(
    tables: list[tuple[set[str], dict[str, object]]],
) -> None:
    """A kernel that refuses what is there already, is not there or is referred to has exactly the rules of the last."""
    kernel, before = Kernel(), None
    for ips, spec in tables:
        after = render(_table(*sorted(ips), **spec), NODE)
        kernel.take(transaction(before, after))
        assert kernel.has(after)
        before = after


def test_a_changed_timeout_of_affinity_holds_for_the_next_client() -> None:
    """Though the set of an endpoint's clients stays, with those that it has."""

    def with_timeout(seconds: int) -> Table:
        config = {"clientIP": {"timeoutSeconds": seconds}}
        return _table("10.0.0.1", sessionAffinity="ClientIP", sessionAffinityConfig=config)

    said = transaction(render(with_timeout(10800), NODE), render(with_timeout(10), NODE))
    assert "{ ip saddr timeout 10s }" in said
    assert " set " not in said


def test_equal_tables_have_nothing_to_say_to_one_another() -> None:
    """So a sync without a change costs no transaction."""
    rules = render(_table("10.0.0.1"), NODE)
    assert transaction(rules, render(_table("10.0.0.1"), NODE)) == ""


def test_the_first_transaction_replaces_what_was_there() -> None:
    """Whoever left it."""
    first = transaction(None, render(EMPTY_TABLE, NODE)).splitlines()
    assert first[:3] == [
        "add table ip kube-proxy",
        "delete table ip kube-proxy",
        "add table ip kube-proxy",
    ]


def test_a_new_endpoint_leaves_the_others_alone() -> None:
    """What the kernel knows of clients is in sets of the endpoints, which are not written again."""
    before = render(_table("10.0.0.1", sessionAffinity="ClientIP"), NODE)
    after = render(_table("10.0.0.1", "10.0.0.2", sessionAffinity="ClientIP"), NODE)
    said = transaction(before, after)
    assert "delete" not in said
    assert not [line for line in said.splitlines() if "10.0.0.1" in line and "set" in line]
    assert [line.split()[-1] for line in said.splitlines() if line.startswith("flush")] == [
        next(name for name in after.chains if name.startswith("service-") and "default" in name)
    ]


def test_an_endpoint_goes_after_the_last_that_refers_to_it() -> None:
    """The kernel refuses to delete what is referred to."""
    before = render(_table("10.0.0.1", "10.0.0.2", sessionAffinity="ClientIP"), NODE)
    after = render(_table("10.0.0.1", sessionAffinity="ClientIP"), NODE)
    lines = transaction(before, after).splitlines()
    kinds = [line.split()[0:2] for line in lines if "10.0.0.2" in line]
    assert kinds == [["flush", "chain"], ["delete", "chain"], ["delete", "set"]]
    assert lines.index(next(line for line in lines if line.startswith("add rule"))) < lines.index(
        next(line for line in lines if line.startswith("delete chain"))
    )


def test_a_service_without_endpoints_is_among_those_that_refuse() -> None:
    """And no longer among those that lead somewhere."""
    before, after = render(_table("10.0.0.1"), NODE), render(_table(), NODE)
    key = "10.96.0.10 . tcp . 80"
    assert key in before.elements["service-ips"]
    assert key not in after.elements["service-ips"]
    assert after.elements["no-endpoint-services"] == {key: "goto reject-chain"}
    assert f"delete element ip kube-proxy service-ips {{ {key} : " in transaction(before, after)
