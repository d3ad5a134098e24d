"""The process runtime: a container is a supervised process of the machine on which the cluster runs.

**What it promises.** A container's command runs with its environment, arguments and directory; it sees its volumes,
/etc/hosts, /etc/resolv.conf and a termination log; its output is its log. When its first process ends, nothing that it
has started lives on, wherever that has hidden; when the cluster ends, or is killed, no process, mount, control group or
directory is left. Probes, hooks, commands and terminals, attached clients, logs, ports and use of resources are real.
It lives in real time only.

**How it is made.** Each node has a shim (`shim/`), a small process that forks, encloses, enters and reaps; a socket
leads to it (`supervisor.py`). `runtime.py` turns the kubelet's requests into orders for it, and its news into reports.
`images.py` is the node's table of images, `plans.py` works out what a container is to be, `volumes.py` lays out its
volumes, `runs.py` is one run, `logs.py` its log, `talk.py` conversations, `probes.py` what probes and hooks ask,
`usage.py` what is used.

**How far containers are enclosed** is decided by what the machine allows, tried once, when a node's first container
starts:

- *As root*: mount, process, IPC and host name namespaces of their own, the pod's network namespace where its
  network has them, a root directory (the image's, or the machine's, under a layer that takes what is written), users,
  groups and capabilities, and control groups that limit CPU and memory.
- *As an ordinary user*, in user namespaces: the same but for the network, control groups and users: one user of the
  container exists, whichever its security context wants, and outside it is the one who started the cluster. A limit of
  memory is kept by looking.
- *Where user namespaces are forbidden*: only a session of its own and a keeper, which ends what the command has left
  behind. There are no mounts then: `ROOTFS` in the environment names a directory in which the container's mounts are
  links at their places.

Why no container runtime is driven instead: one needs a daemon, images and root; this needs a kernel. Why a shim and not
`asyncio.create_subprocess_exec`: a user namespace can only be joined by a process with one thread, orphans are only
adopted by somebody who is asked for nothing else, and a fork of a small process is cheap.
"""

from orchestrator.kubelet.runtimes.process.images import (
    Image,
    ImageTable,
    InvalidImage,
    Pull,
    image_of,
    images_of,
)
from orchestrator.kubelet.runtimes.process.runtime import ProcessRuntime

__all__ = [
    "Image",
    "ImageTable",
    "InvalidImage",
    "ProcessRuntime",
    "Pull",
    "image_of",
    "images_of",
]
