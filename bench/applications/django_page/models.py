"""The only table of the page."""

from django.db import models


class Book(models.Model):
    """A row of the list."""

    title = models.CharField(max_length=100)
    author = models.CharField(max_length=100)
    year = models.IntegerField()
