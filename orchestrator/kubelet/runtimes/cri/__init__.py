"""The CRI runtime: containers of containerd, CRI-O or another one, from real images.

It asks over the Container Runtime Interface, `runtime.v1`, as Kubernetes' own kubelet does.
"""

from orchestrator.kubelet.runtimes.cri.runtime import DEFAULT_ENDPOINT, CriRuntime, runtime_name

__all__ = ["DEFAULT_ENDPOINT", "CriRuntime", "runtime_name"]
