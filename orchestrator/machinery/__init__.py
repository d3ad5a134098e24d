"""Pure functions over Kubernetes kinds, with Kubernetes' own behaviour and texts.

What belongs: what every component needs to read an object the way Kubernetes reads it
(quantities, selectors, names, times, patches, owner references, conditions, tolerations).
A function here takes values and answers values: no clock, no randomness of its own, no I/O, and
it never changes what it was given, because objects are shared by the whole cluster.

What does not: validation of whole kinds and their defaults (apiserver), anything that sends a
message (protocol and above), knowledge that one controller or one scheduler plugin needs alone.

One noun a module; the modules are the interface (`from orchestrator.machinery import labels`).
Everything that can be refused raises from the tree in `errors`.
"""
