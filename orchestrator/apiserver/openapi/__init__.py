"""The API's description of itself: OpenAPI v2 and v3, made of the resources that are served.

Belongs here: operations (from a resource's verbs), schemas (from the facts of the built-in kinds, or from a
custom resource's own schema), and the documents in which they stand. Does not: how a client asks for them
(`http/openapi`). Names, types, defaults and extensions are Kubernetes' facts; the sentences are ours.

| file | what it is |
|---|---|
| `operations` | what can be done with a resource: ids, tags, parameters, bodies, answers |
| `parameters` | what a query may say |
| `schemas` | the shapes of objects, in the two dialects |
| `rendering` | operations in the two dialects |
| `documents` | the whole documents, and their index |
"""
