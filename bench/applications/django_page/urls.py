"""One page at the root."""

from django.shortcuts import render
from django.urls import path

from .models import Book


def list_books(request):
    """Shows the twenty newest books."""
    return render(request, "books.html", {"books": Book.objects.order_by("-year")[:20]})


urlpatterns = [path("", list_books)]
