"""A process that has imported the applications, and of which workers are copies."""
