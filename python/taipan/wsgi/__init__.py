"""WSGI (PEP 3333): how an application is called, whatever transport carries the request."""

from taipan.wsgi.call import WsgiSettings, base_environ, respond, run

__all__ = ["WsgiSettings", "base_environ", "respond", "run"]
