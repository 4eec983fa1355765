from SitePage import STALLS, SitePage


class Basket(SitePage):
    """Has two actions, which forms call by `_action_take` and `_action_empty`."""

    def actions(self):
        return [*SitePage.actions(self), "take", "empty"]

    def take(self):
        name = self.request().field("name", "")
        if name in STALLS:
            basket = self.basket()
            basket[name] = basket.get(name, 0) + 1
            self.session().setValue("basket", basket)
        self.response().reset()
        self.sendRedirectSeeOtherAndEnd("Basket")

    def empty(self):
        self.session().invalidate()
        self.response().reset()
        self.sendRedirectSeeOtherAndEnd("Main")

    def writeContent(self):
        for name, count in self.basket().items():
            self.writeln(f"<p>{count} x {self.htmlEncode(name)}</p>")
        price = sum(STALLS[name] * count for name, count in self.basket().items())
        self.writeln(f"<p>Together: {price}</p>")
        self.writeln('<form method="post"><button name="_action_empty">Empty it</button></form>')
