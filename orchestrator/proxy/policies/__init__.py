"""NetworkPolicies, where the kernel carries the packets.

`decisions.py` works out what each pod lets in and out, `rendering.py` makes a node's rules of that, and `watching.py`
is the actor that keeps them in step. Where packets are passed on in the process, or not at all, nothing is enforced.
"""

from orchestrator.proxy.policies.watching import PolicyWatcher

__all__ = ["PolicyWatcher"]
