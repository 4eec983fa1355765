"""Sub-interpreters of CPython, in which threads of a worker serve requests."""
