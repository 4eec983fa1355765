"""Raises an exception: the visitor gets a neutral page, the log the traceback."""


def application(environ, start_response):
    raise RuntimeError("this example fails on purpose")
