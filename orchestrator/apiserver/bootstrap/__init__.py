"""What every cluster has before anybody did anything.

Two sorts. `objects` are created like any object, with an event each: namespaces, priority
classes, the Service `kubernetes`; clusters are watched from their beginning, and their histories tell of
these. `furniture` is what Kubernetes' own components would find: default roles and bindings, flow
schemas, priority levels, API services. That is a hundred and eighty objects which hardly anyone looks at,
so they lie in a new store at its first revision, as if one transaction of etcd had put them there: nobody
is told of them, and a start costs no more than the references to them.

`facts/` holds the furniture as Kubernetes 1.36 has it in a new cluster, an object a line.
"""

from orchestrator.apiserver.bootstrap.furniture import furniture, rules_of
from orchestrator.apiserver.bootstrap.objects import SECURE_PORT

__all__ = ["SECURE_PORT", "furniture", "rules_of"]
