"""The request of a script, and its response."""
