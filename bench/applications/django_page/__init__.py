"""A Django site with one page: a query, a template, the usual middleware."""
