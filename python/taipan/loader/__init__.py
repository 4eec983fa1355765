"""From what a person configured to a callable: targets, files, Django folders, modjy's cache."""
