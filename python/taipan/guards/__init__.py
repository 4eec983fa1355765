"""Scripts that say who may come in."""
