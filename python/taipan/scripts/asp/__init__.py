"""ASP pages in Python, their five objects and `global.asa`."""
