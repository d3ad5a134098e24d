"""kr8s: create, wait, scale, logs, exec, labels, deletion."""

import kr8s
from kr8s.objects import Deployment

from tests.clients.programs.work import SAYS, web

api = kr8s.api(namespace="krates")
made = Deployment(web(), namespace="krates", api=api)
made.create()
made.wait("condition=Available", timeout=60)
made.scale(3)
while made.status.get("readyReplicas") != 3:
    made.refresh()
pod = made.pods()[0]
assert "\n".join(pod.logs()) == SAYS
assert pod.exec(["sh", "-c", "echo $((6 * 7))"]).stdout.decode().strip() == "42"
pod.label({"seen": "yes"})
found = list(kr8s.get("pods", api=api, namespace="krates", label_selector="seen=yes"))
assert [each.name for each in found] == [pod.name]
made.delete(propagation_policy="Foreground")
made.wait("delete", timeout=60)
