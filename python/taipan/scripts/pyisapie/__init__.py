"""Modules that were written for PyISAPIe."""
