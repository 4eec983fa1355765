"""What pages in the dialect of Webware see, by the names of Webware for Python.

Its documentation says what the methods do; here are those that pages use.
"""
