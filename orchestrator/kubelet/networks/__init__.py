"""Pod networks, one file each, behind the interface in `interface.py`: which address a pod has, and where.

`simulated` gives addresses that exist on no machine; `loopback` gives each pod an address of the host's own
127.0.0.0/8, which needs no rights. A network belongs to the machine and outlives its kubelet, as the runtime
does. What leads from services to pods is the proxy's business.
"""
