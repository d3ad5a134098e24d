"""An oracle: kube-scheduler 1.36's decisions in plain Python over manifests, a file a plugin.

It counts every pod of every node anew for each question: no arrays, no memory, nothing of the scheduler's own code.
Whether it is right itself is tested by what was recorded from kube-scheduler (`test_oracle.py`).
"""
