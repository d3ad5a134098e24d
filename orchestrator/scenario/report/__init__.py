"""What came of a run: `model.py` is the report as data, `making.py` makes it, `writing.py` writes it,
`terminal.py` prints it; `html.py` draws it, with `page.py`, `tables.py` and `plots/`.
"""
