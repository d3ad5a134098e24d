"""Services of real processes, with kubectl and curl: as root, in a network namespace that has no way out."""

import json
import subprocess
import sys
from typing import Any

from orchestrator.kubelet.networks.namespaces import NAMESPACES


def _played(namespaces: list[str], *how: str) -> dict[str, Any]:
    command = ["unshare", *namespaces, sys.executable, "-m", "tests.clients.services_story", *how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_whoever_has_namespaces_has_services() -> None:
    """An ordinary user who is root of no more than namespaces has low ports, pods' networks, rules and names."""
    seen = _played(["--user", "--map-root-user", "--net", "--mount"], "mounts", "brief")
    assert len(seen["round"]) == 2, seen
    assert len(seen["sticky"]) == 1, seen
    assert seen["node ports"] == [seen["round"], seen["round"]], seen
    assert seen["names"][0], seen


def test_services_carry_traffic_and_roll_without_a_failure() -> None:
    """Cluster IPs and node ports lead to all pods, a client with affinity to one; names are found; a policy
    lets nobody in; a roll fails no request; and nothing is left of it."""
    seen = _played(["--net"])
    assert len(seen["round"]) == 2, seen
    assert all(each.startswith("one round-") for each in seen["round"]), seen
    assert len(seen["sticky"]) == 1, seen
    assert seen["node ports"] == [seen["round"], seen["round"]], seen
    assert seen["names"][0], seen
    assert [each.partition("-")[0] for each in seen["traffic"]] == ["round"] * 2 + ["sticky"] * 2
    assert seen["policy"] == ["in", "out", "in"]
    assert seen["rolled"] == {"one": True, "two": True, "failed": 0}
    assert not list(NAMESPACES.glob(f"orchestrator-{seen['namespace']}-*"))
