"""What all pages have."""

from SidebarPage import SidebarPage

STALLS = {"Apples": 3, "Pears": 4, "Plums": 2}


class SitePage(SidebarPage):
    def cornerTitle(self):
        return "Market"

    def writeSidebar(self):
        self.menuHeading("Stalls")
        path = self.request().servletPath()
        for name in STALLS:
            self.menuItem(name, f"{path}/Stalls/Stall/{name}")
        self.menuHeading("You")
        self.menuItem("Basket", f"{path}/Basket", f"({sum(self.basket().values())})")

    def basket(self):
        return self.session().value("basket", {})
