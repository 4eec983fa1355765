"""Raises an exception: the visitor gets a neutral page, and the traceback is logged."""


def application(environ, start_response):
    raise RuntimeError("this example fails on purpose")
