"""What applications of mod_wsgi find in their process: a module and keys of the environ."""
