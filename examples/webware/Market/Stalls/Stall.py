from HTTPExceptions import HTTPNotFound
from SitePage import STALLS, SitePage


class Stall(SitePage):
    """Answers `/Stalls/Stall/Apples`."""

    def name(self):
        return self.request().extraURLPath().strip("/")

    def title(self):
        return self.htmlEncode(self.name())

    def respondToGet(self, transaction):
        if self.name() not in STALLS:
            raise HTTPNotFound("There is no such stall.")
        super().respondToGet(transaction)

    def writeContent(self):
        path, name = self.request().servletPath(), self.title()
        self.writeln(f"<p>{STALLS[self.name()]} a pound</p>")
        self.writeln(f'<form method="post" action="{path}/Basket">')
        self.writeln(f'<input type="hidden" name="name" value="{name}">')
        self.writeln('<button name="_action_take">Take one</button></form>')
