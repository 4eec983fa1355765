"""The connection object of scripts: what a request tells, and how to answer it."""

from taipan.connection.current import conn, connection_of
from taipan.field_set import FieldSet

__all__ = ["FieldSet", "conn", "connection_of"]
