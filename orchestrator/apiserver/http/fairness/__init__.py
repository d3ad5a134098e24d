"""Priority and fairness: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/.

A request belongs to the first flow schema that matches it, and that to a priority level. Levels have seats,
of which each request takes some while it is served; within a level, flows (users, or namespaces) have queues
that take turns, so that one who asks much waits for itself and for nobody else.

| file | what it is |
|---|---|
| `matching` | which schema a request belongs to, and which of its flows |
| `shares` | how many seats each level has, and what it lends |
| `queues` | the seats and queues of one level |
| `loads` | how busy a level was, and for how long |
| `work` | how many seats a request takes |
| `tallies` | what the metrics say of all this |
| `occupancy` | how many reads and writes were under way at once |
| `dumps` | the pages that show all this |
| `control` | all of it together, as the cluster's objects configure it |
"""

from orchestrator.apiserver.http.fairness.control import Classified, Fairness
from orchestrator.apiserver.http.fairness.queues import Rejected, Seat

__all__ = ["Classified", "Fairness", "Rejected", "Seat"]
