"""What carries requests to Python: sockets here; the interpreter's own process later."""
