"""The shim: a small process, one a node, that forks, encloses, enters and reaps containers.

A process that starts others should be small (a fork copies its page tables) and have one thread (who joins a user
namespace must), and neither is true of the interpreter in which a cluster lives. So a runtime starts a shim and
tells it over a socket what to do; the containers' pipes and terminals travel along as file descriptors, and their
bytes never pass through it. `messages.py` is what is said; `linux.py` the system calls; `roots.py` what a
container sees as its files; `boxes.py` the way from a fork to the container's command; `cgroups.py` limits;
`main.py` the loop.

When its socket closes, because the cluster ended or was killed, the shim kills all containers, takes cgroups and
directories away and ends. Its modules are imported by name without their parents (see `supervisor.py`), so none
of them imports anything else of the project.
"""
