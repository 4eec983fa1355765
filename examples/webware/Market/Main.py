from Market.SitePage import STALLS, SitePage


class Main(SitePage):
    """Answers `/` and `/Main`."""

    def title(self):
        return "Welcome"

    def writeContent(self):
        self.writeln(f"<p>There are {len(STALLS)} stalls today.</p>")
        self.includeURL("Notice")
