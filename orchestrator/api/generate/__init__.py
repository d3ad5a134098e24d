"""Makes the types and the tables of `orchestrator.api` from the condensed document."""
