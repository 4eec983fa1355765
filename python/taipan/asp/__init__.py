"""Compiles ASP pages whose language is Python, and `global.asa`."""
