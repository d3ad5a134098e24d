"""The request pipeline as decisions: from a message and the stored state to a write or an answer.

What belongs: what every resource has in common when it is created, changed and deleted. What does
not: what a kind has of its own (strategies), what a subresource means (subresources), and effects:
a decision reads through `Environment`, changes nothing, and says by `Commit` what is to be written.
So a decision whose write another writer overtook is simply made again.
"""
