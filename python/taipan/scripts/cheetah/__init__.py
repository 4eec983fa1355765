"""Cheetah templates, compiled by CT3 where it is installed."""
