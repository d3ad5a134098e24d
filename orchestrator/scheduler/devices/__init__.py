"""Devices for claims: what drivers offer, what is given away, and the search for what a claim asks.

`inventory` knows the slices that drivers publish and the devices that are allocated, change by change;
`pools` says what of it a node sees; `requests`, `selectors`, `capacities` and `constraints` are the rules of
a claim; `allocator` searches, `results` writes down what was found. All of it is pure; the plugin
DynamicResources asks.
"""
