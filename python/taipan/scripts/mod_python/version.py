"""The module `version`."""

from taipan.scripts.mod_python import mp_version

version = mp_version
