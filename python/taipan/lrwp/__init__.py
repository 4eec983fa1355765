"""LRWP: applications that dial in to a server, and answer its requests as its peers."""
