"""Controllers that are disturbed at every point, and come to the same end.

A controller may be killed after any message, or between any two of its writes; it may see an old state, or
never hear of a change. Each run of a scenario under one such fault must end as the undisturbed run ends.

    python -m tests.crashes.record     # try every point, and write docs/crashes.md

`scenarios` says what happens, `running` disturbs it, `record` writes the table; the tests try a few points
of each, and that the table names every controller that there is.
"""
