"""Stands in for the module `httpdconf`, which cannot be here."""

raise ImportError(
    "mod_python.httpdconf writes configuration for Apache, which is not here; write the options of"
    " the route instead"
)
