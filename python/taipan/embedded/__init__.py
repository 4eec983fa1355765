"""Python inside the Node process: what Node calls, and what only matters there."""
