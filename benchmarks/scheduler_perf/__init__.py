"""Kubernetes' own scheduler benchmark: its pods and nodes, what goes on beside them, its workloads, and their runs."""
