"""The package `mod_python`, as far as pages use it."""

from taipan.scripts.mod_python import apache, psp, util

__all__ = ["apache", "psp", "util"]
