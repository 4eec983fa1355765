"""What all pages have."""

from Page import Page

PRICES = {"tea": 4, "coffee": 6, "cake": 3}


class SitePage(Page):
    def title(self):
        return "The shop"

    def basket(self):
        return self.session().value("basket", {})

    def total(self):
        return sum(PRICES[name] * count for name, count in self.basket().items())

    def writeBodyParts(self):  # noqa: N802
        self.writeln("<h1>", self.htmlEncode(self.title()), "</h1>")
        self.writeContent()
        self.includeURL("foot.psp")
