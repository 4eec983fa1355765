"""WSGI (PEP 3333): calls an application, independent of the transport."""

from taipan.wsgi.call import WsgiSettings, base_environ, respond, run

__all__ = ["WsgiSettings", "base_environ", "respond", "run"]
