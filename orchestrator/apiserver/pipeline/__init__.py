"""A write as a tuple of steps: from a message and the stored state to a commit or an answer.

    authorize → read → patch or apply → admit → default → prepare → validate → allocate → review
              → own fields → commit

| file | what it is |
|---|---|
| `draft` | what the steps work on, and what a step can answer: `Commit`, `Wait`, `Instead` |
| `course`, `part` | what a tuple is made for, and how: one action upon one resource or subresource |
| `verbs` | which steps each action takes, in order |
| `attempt` | the shell that drafts a write, commits it, waits, and drafts it again |
| `collection` | the deletions of a collection, as one request |
| the others | the steps, by what they are about |

What belongs: what every resource has in common when it is written. What does not: what a kind has of
its own (strategies, defaults, validation), what a subresource means (subresources), and effects: a
step reads through `Environment`, changes nothing but its draft, and says by `Commit` what is to be
written and by `Wait` what is to be asked outside. So a write that another writer overtook is simply
drafted again.

A new step is one function that answers `()` for courses where it has nothing to do, and one place in
`verbs`. Tuples are made once for each resource, action and subresource: a kind without plugins,
allocation or generation does not pay for them.
"""
