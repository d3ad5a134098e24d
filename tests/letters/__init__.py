"""What Kubernetes' own API server answers, letter by letter: text and headers, which clients hash and compare.

`answers.json.xz` holds them; `python -m tests.letters.record https://HOST:PORT TOKEN` asks one again, in whose
cluster nothing else happens. `objects.json` and `questions.py` are what is asked, in order.
"""
