"""Dialogues with kube-scheduler 1.36.2: what was done to a cluster turn by turn, and what it made of it; facts.

`recorded.json.xz` has by area and name a configuration, the turns, and after each what there was; `player` does the
same here. Single decisions, with the scores of nodes, are in `tests.scheduler.recorded`.
"""
