from JSONRPCServlet import JSONRPCServlet
from SitePage import STALLS


class Prices(JSONRPCServlet):
    """Answers programs: `{"id": 1, "method": "price", "params": ["Apples"]}`."""

    def exposedMethods(self):
        return ["price"]

    def price(self, name):
        return STALLS[name]
