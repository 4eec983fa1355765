"""Filters of mod_python: functions that change bodies on their way."""
