"""The actor runtime's promises, one file a topic."""
