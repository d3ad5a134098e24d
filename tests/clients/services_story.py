"""Played within a network namespace that a test has made: kubectl and curl against services of processes.

Prints a JSON object of what was seen; whoever plays it judges.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

# As text: a container has a /tmp of its own, and these files may lie in the machine's.
_SERVER = shlex.quote(Path(__file__).with_name("version_server.py").read_text())


def _workload(name: str, version: str, affinity: str) -> list[dict[str, Any]]:
    labels = {"app": name}
    container = {
        "name": "web",
        "image": "web",
        "env": [{"name": "VERSION", "value": version}],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
        # As in any cluster: a pod serves until every proxy knows that it leaves.
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            "type": "NodePort",
            "sessionAffinity": affinity,
            "selector": labels,
            "ports": [{"port": 80, "targetPort": 8080}],
        },
    }
    return [deployment, service]


class Story:
    """A cluster of processes with two Deployments behind Services."""

    def __init__(self, directory: Path) -> None:
        self.kubeconfig = directory / "kubeconfig"
        self.up = subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "orchestrator",
                    "up",
                    "--nodes",
                    "2",
                    "--runtime",
                    "process",
                ),
                *("--image", f"web={shutil.which('python3', path='/usr/bin')} -S -E -c {_SERVER}"),
                *("--listen", "127.0.0.1:0", "--kubeconfig", str(self.kubeconfig)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.up.stdout is not None
        self.up.stdout.readline()  # it serves

    def kubectl(self, *words: str, given: object = None) -> str:
        """What kubectl prints."""
        text = None if given is None else json.dumps(given)
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *words]
        done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def apply(self, version: str) -> None:
        """Both workloads, until they have rolled out."""
        items = _workload("round", version, "None") + _workload("sticky", version, "ClientIP")
        self.kubectl("apply", "-f", "-", given={"apiVersion": "v1", "kind": "List", "items": items})
        for name in ("round", "sticky"):
            self.kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")

    def end(self) -> None:
        """Ctrl-C."""
        self.up.send_signal(signal.SIGINT)
        self.up.communicate(timeout=30)


def curl(url: str) -> str:
    """The answer; empty if there is none."""
    command = ["curl", "--silent", "--max-time", "30", url]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _answers_of_all(url: str, backends: int) -> set[str]:
    """What the next 24 requests are answered, once a proxy, which follows within a second, knows all backends."""
    for _ in range(20):
        seen = {curl(url) for _ in range(24)}
        if len(seen) >= backends and "" not in seen:
            break
        time.sleep(0.5)
    return seen


def _with_policy(story: Story, pods: list[str], ip: str) -> list[str]:
    """What a pod gets of the first Service without a policy, with one that lets nobody in, and without it again."""
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "nobody"},
        "spec": {"podSelector": {"matchLabels": {"app": "round"}}, "policyTypes": ["Ingress"]},
    }
    client = next(each for each in pods if each.startswith("sticky-"))
    program = f"""
import socket
client = socket.socket()
client.settimeout(1)
try:
    client.connect(({ip!r}, 80))
    print("in")
except TimeoutError:
    print("out")
"""

    def until(wanted: str) -> str:
        for _ in range(10):
            said = story.kubectl("exec", client, "--", "python3", "-S", "-c", program).strip()
            if said == wanted:
                break
        return said

    seen = [until("in")]
    story.kubectl("apply", "-f", "-", given=policy)
    seen.append(until("out"))
    story.kubectl("delete", "networkpolicy", "nobody")
    return [*seen, until("in")]


def _received(story: Story, nodes: list[str]) -> list[str]:
    """The pods whose networks have received something, as their nodes tell it in both places."""
    found: list[str] = []
    for node in nodes:
        page = f"/api/v1/nodes/{node}/proxy"
        counted = r'container_network_receive_bytes_total{.*pod="([^"]+)",interface="eth0"} [1-9]'
        told = set(re.findall(counted, story.kubectl("get", "--raw", f"{page}/metrics/cadvisor")))
        summary = json.loads(story.kubectl("get", "--raw", f"{page}/stats/summary"))
        found += [
            each["podRef"]["name"]
            for each in summary["pods"]
            if each["network"]["rxBytes"] > 0 and each["podRef"]["name"] in told
        ]
    return found


def play(story: Story, brief: bool) -> dict[str, Any]:
    """See what services do, and, unless it is to be brief, hold a policy and roll one under load."""
    story.apply("one")
    services = json.loads(story.kubectl("get", "services,nodes,pods", "-o", "json"))["items"]
    specs = {
        each["metadata"]["name"]: each["spec"] for each in services if each["kind"] == "Service"
    }
    nodes = [
        each["status"]["addresses"][0]["address"] for each in services if each["kind"] == "Node"
    ]
    pods = [each["metadata"]["name"] for each in services if each["kind"] == "Pod"]
    ip, sticky = specs["round"]["clusterIP"], specs["sticky"]["clusterIP"]
    seen: dict[str, Any] = {
        "namespace": os.stat("/proc/self/ns/net").st_ino,
        "round": sorted(_answers_of_all(f"http://{ip}/", 2)),
        "sticky": sorted(_answers_of_all(f"http://{sticky}/", 1)),
        "node ports": [
            sorted(_answers_of_all(f"http://{each}:{specs['round']['ports'][0]['nodePort']}/", 2))
            for each in nodes
        ],
    }
    pod = next(each for each in pods if each.startswith("round-"))
    program = "import socket; print(socket.gethostbyname('round'), socket.gethostbyname('kubernetes.default.svc'))"
    names = story.kubectl("exec", pod, "--", "python3", "-c", program).split()
    seen["names"] = [names == [ip, specs["kubernetes"]["clusterIP"]], names]
    if brief:
        return seen
    seen["traffic"] = sorted(
        _received(story, [each["metadata"]["name"] for each in services if each["kind"] == "Node"])
    )
    seen["policy"] = _with_policy(story, pods, ip)
    ended = threading.Event()
    answers: Counter[str] = Counter()

    def load() -> None:
        while not ended.is_set():
            answers[re.sub(" .*", "", curl(f"http://{ip}/"))] += 1

    loader = threading.Thread(target=load)
    loader.start()
    try:
        story.apply("two")
        ended.wait(5.5)  # those that leave still serve for a while
    finally:
        ended.set()
        loader.join()
    seen["rolled"] = {"one": answers["one"] > 0, "two": answers["two"] > 0, "failed": answers[""]}
    return seen


def main() -> None:
    """Play it."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    if "mounts" in sys.argv:  # namespaces are named below /run
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    with tempfile.TemporaryDirectory() as directory:
        story = Story(Path(directory))
        try:
            print(json.dumps(play(story, "brief" in sys.argv)))
        finally:
            story.end()


if __name__ == "__main__":
    os.environ.pop("KUBECONFIG", None)
    main()
