"""The transactions of the nftables plane: only what differs, in an order that the kernel takes."""

from orchestrator.proxy.eligibility import Place
from orchestrator.proxy.planes.nftables.rendering import Surroundings, render
from orchestrator.proxy.planes.nftables.ruleset import transaction
from orchestrator.proxy.table import EMPTY_TABLE, Table, advance, service_changed, slice_changed
from tests.proxy.test_table import endpoint, make_service, make_slice

NODE = Surroundings(Place("node-0"), "172.16.0.2", "10.128.0.0/24", "10.96.0.0/12")


def _table(*ips: str, **spec: object) -> Table:
    service = make_service("a", "10.96.0.10", **spec)
    slice_ = make_slice("s", "a", *(endpoint(ip) for ip in ips))
    return advance(EMPTY_TABLE, (*service_changed(None, service), *slice_changed(None, slice_)))


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
