"""Field ownership: who set which field of an object, and what applying a configuration does.

What belongs: sets of fields in the form of FieldsV1, what the kinds' schemas say about lists and
maps, comparison and merging of documents, and the rules of server-side apply, as
structured-merge-diff v6 and the field manager of Kubernetes 1.36 follow them. What does not: when
they are asked (the API server's pipeline), and how a conflict is answered over HTTP.

Documents are plain JSON values that nobody changes. Sets are FieldsV1 itself, a tree of dicts, so
what is stored is computed with as it is.
"""
