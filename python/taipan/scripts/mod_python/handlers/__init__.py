"""Handlers of mod_python: their notation, where their modules come from, and their phases."""
