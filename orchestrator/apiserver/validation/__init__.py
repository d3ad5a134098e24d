"""The words that all kinds' validations are written in: fields, names, formats, selectors, metadata.

What Kubernetes refuses of one kind stands with the kind, in `kinds/`. What depends on other objects is
admission's, conflicts of versions are the pipeline's.
"""
