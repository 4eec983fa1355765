"""A new process for each request, forked from a warm one, the template."""
