"""Transports that carry requests to Python."""
