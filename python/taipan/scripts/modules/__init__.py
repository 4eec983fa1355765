"""The code of a folder: modules, applications, handlers, and what is compiled of its files."""
