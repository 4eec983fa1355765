"""A cook book in Quixote; its pages are in PTL."""

from quixote.directory import Directory, export
from quixote.errors import TraversalError
from quixote.publish import Publisher

import pages
import quixote

RECIPES = {
    "tea": {"tea leaves, spoons": 1, "water, ml": 250},
    "pancakes": {"eggs": 2, "flour, g": 60, "milk, ml": 120},
}


class Recipe(Directory):
    """Answers `/tea/`."""

    def __init__(self, name):
        self.name = name

    @export(name="")
    def index(self):
        persons = quixote.get_field("persons", "1")
        count = int(persons) if persons.isdecimal() and len(persons) < 4 else 1
        return pages.recipe(self.name, RECIPES[self.name], count)


class CookBook(Directory):
    @export(name="")
    def index(self):
        return pages.index(RECIPES)

    @export
    def search(self):
        wanted = quixote.get_field("for") or ""
        if wanted in RECIPES:
            return quixote.redirect(f"{wanted}/")
        return pages.nothing(wanted)

    def _q_lookup(self, component):
        if component not in RECIPES:
            raise TraversalError
        return Recipe(component)


def create_app():
    Publisher(CookBook(), display_exceptions=None)
    return quixote.get_wsgi_app()
