"""A page with a bar at its side."""

from __future__ import annotations

import platform

from taipan.scripts.webware.servlets import Page

_DOCS = "https://webwareforpython.github.io/w4py3/"


class SidebarPage(Page):
    """Classes derived from it replace `writeContent`, `writeSidebar` and `cornerTitle`."""

    _styleSheet = """
html, body { height: 100%; margin: 0; }
body { background-color: white; color: #080810; font: 11pt Tahoma, Verdana, Arial, sans-serif; }
#Page { display: table; width: 100%; height: 100%; }
#Page > div { display: table-row; }
#Page > div > div { display: table-cell; padding: 8pt; }
#CornerTitle, #Banner { background-color: #202080; color: white; text-align: center; }
#Banner { font-size: 16pt; font-weight: bold; }
#Sidebar { background-color: #e8e8f0; font-size: 10pt; vertical-align: top; white-space: nowrap; }
#Sidebar div.MenuHeading { font-weight: bold; margin: 6pt 0 3pt; width: 12em; }
#Content { vertical-align: top; width: 100%; }
table.NiceTable td, .Data { background-color: #eee; color: #111; }
table tr th, .SubHeading { background-color: #ccc; color: black; text-align: left; }
table tr.TopHeading th, .TopHeading { background-color: #555; color: white; text-align: center; }
"""

    def writeStyleSheet(self) -> None:
        self.writeln(f"<style>{self._styleSheet}</style>")

    def writeBodyParts(self) -> None:
        self.writeln('<div id="Page"><div>')
        self.writeBanner()
        self.writeln('</div><div><div id="Sidebar">')
        self.writeSidebar()
        self.writeln('</div><div id="Content">')
        self.writeContent()
        self.writeln("</div></div></div>")

    def writeBanner(self) -> None:
        self.writeln(
            f'<div id="CornerTitle">{self.cornerTitle()}</div>',
            f'<div id="Banner">{self.title()}</div>',
        )

    def writeSidebar(self) -> None:
        self.writeWebwareSidebarSections()

    def cornerTitle(self) -> str:
        return ""

    def menuHeading(self, title: str) -> None:
        self.writeln(f'<div class="MenuHeading">{title}</div>')

    def menuItem(
        self, title: str, url: str | None = None, suffix: str | None = None, indentLevel: int = 1
    ) -> None:
        if url is not None:
            title = f'<a href="{url}">{title}</a>'
        if suffix:
            title += f" {suffix}"
        self.writeln(f'<div style="margin-left:{4 * indentLevel}pt">{title}</div>')

    def writeWebwareSidebarSections(self) -> None:
        """Writes the sections of Webware's own examples."""
        self.writeContextsMenu()
        self.writeWebwareDocsMenu()
        self.writeWebwareExitsMenu()
        self.writeVersions()

    def writeContextsMenu(self) -> None:
        self.menuHeading("Contexts")
        path = self.request().servletPath()
        for context in sorted(self.application().contexts()):
            if context != "default" and "/" not in context:
                self.menuItem(context, f"{path}/{context}/")

    def writeWebwareDocsMenu(self) -> None:
        self.menuHeading("Docs")
        self.menuItem("Quickstart", f"{_DOCS}quickstart.html")
        self.menuItem("Reference", f"{_DOCS}ref/")

    def writeWebwareExitsMenu(self) -> None:
        self.menuHeading("Exits")
        self.menuItem("Webware", "https://webwareforpython.github.io/w4py3/")
        self.menuItem("Python", "https://www.python.org/")

    def writeVersions(self) -> None:
        self.menuHeading("Versions")
        self.menuItem(f"Webware {self.application().webwareVersionString()}")
        self.menuItem(f"Python {platform.python_version()}")

    def writeContent(self) -> None:
        self.writeln("Woops, someone forgot to override writeContent().")
