"""What sites import by the names of PyISAPIe; found by `finder.py`."""
