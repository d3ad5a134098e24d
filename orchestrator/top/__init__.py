"""A live view of a cluster in the terminal: `orchestrator top`.

`looks.py` says what one look at a cluster holds and what rows and rates are made of it, as pure functions;
`sources.py` is where looks come from: `served.py` asks an API server, `simulated.py` runs a scenario in
virtual time; `app.py` shows them. Nothing here knows how a cluster works, and only `app.py` knows of the
terminal.
"""
