"""Custom resources: from definitions to resources that are served.

Belongs here: which names a definition gets (`naming`), what is served because of it (`resources`), what
the server knows of such a kind (`custom_kind`, `columns`), and the book of all definitions that the
server keeps while it runs (`book`). What a schema means for a value is `machinery.schemas`.
"""
