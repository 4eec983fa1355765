"""What scripts find changed in their process, while they serve a request."""
