"""Cluster DNS: names of Services and pods, as Kubernetes' DNS specification (1.1.0) has them.

`records.py` is the zone as plain data, `answering.py` what a question is answered, `watching.py` the actor that keeps
the zone in step with the API server, `serving.py` the sockets. What a pod's resolver is told is the kubelet's
business (`kubelet/resolver.py`). Nothing is imported here: every simulated cluster has a zone, and few need the
library that speaks DNS.
"""
