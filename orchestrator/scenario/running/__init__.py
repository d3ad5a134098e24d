"""Runs a checked scenario: `runner.py` is the run, `stage.py` takes its steps, `actions.py` does
what they say, `feeding.py` brings the workloads, `waiting.py` waits, `choosing.py` picks nodes.
"""
