"""What a process of a group becomes before any code of an application runs in it."""
