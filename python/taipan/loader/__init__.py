"""Loads configured applications: targets, files, Django folders, and modjy's cache."""
