"""Makes the database that ``BENCH_DATABASE`` names: ``python -m django_page.prepare``."""

import os

import django
from django.core.management import call_command


def prepare():
    """Creates the table and fills it with a hundred rows."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "django_page.settings"
    django.setup()
    from .models import Book

    call_command("migrate", run_syncdb=True, verbosity=0)
    Book.objects.bulk_create(
        Book(title=f"Title {number}", author=f"Author {number % 7}", year=1900 + number)
        for number in range(100)
    )


if __name__ == "__main__":
    prepare()
