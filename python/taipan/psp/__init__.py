"""Compiles PSP pages in the dialects of mod_python and Webware."""
