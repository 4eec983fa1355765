"""Objects and their methods: /people/ada/born"""


class Person:
    def __init__(self, name, year):
        self.name = name
        self._year = year

    def __call__(self, req):
        return "This is %s." % self.name

    def born(self, when="in"):
        return "%s was born %s %d." % (self.name, when, self._year)


ada = Person("Ada", 1815)
grace = Person("Grace", 1906)
