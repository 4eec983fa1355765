"""Old names of PyWX for the connection object and its relatives; scripts import them as `Ns`."""
