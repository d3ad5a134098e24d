"""The words that all kinds' defaults are written in: changes that keep what stays, canonical amounts.

What Kubernetes fills in of one kind stands with the kind, in `kinds/`.
"""
