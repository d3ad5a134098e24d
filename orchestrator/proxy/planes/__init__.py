"""Data planes: what makes connections to service addresses arrive, one file each.

`table` only answers where a connection would go: what simulations need. `userspace` listens at service
addresses and passes on what comes. A plane belongs to the machine and outlives the proxy that keeps it in
step, as the rules in a kernel do.
"""
