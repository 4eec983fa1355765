"""From what a person configured to a callable: target strings, files, Django folders, modjy's cache."""
