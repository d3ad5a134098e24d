"""The vocabulary: Kubernetes' kinds as frozen Structs, and the scheme that names them.

The types are generated from `facts/kubernetes.json`, one module a group and version
(`core.v1` is split into families). They are data: behaviour is in `orchestrator.machinery`.
"""
