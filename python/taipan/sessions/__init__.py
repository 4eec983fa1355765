"""Sessions and application state: one store, shared by all workers of a server.

`process` has what the process is configured with; the rest is loaded at the first use.
"""
