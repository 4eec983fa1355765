import Ns
from layout import page

FORM = '<form method="post"><input name="name" required> <button>Sign</button></form>'


def open_book():
    conn = Ns.GetConn()
    db = Ns.DbHandle(Ns.DbPoolDefault(conn.Server()))
    db.DML("create table if not exists guests (name text not null, peer text not null)")
    return db


def sign(conn):
    query = conn.GetQuery()
    name = query.get("name", "").strip() if query else ""
    if not name:
        conn.ReturnBadRequest("Please tell your name.")
        return
    open_book().DML("insert into guests values (?, ?)", name[:80], conn.Peer())
    Ns.Log(Ns.Notice, "the book was signed by %s" % name[:80])
    conn.ReturnRedirect("/")


def show(conn):
    db = open_book()
    row = db.Select("select name from guests order by rowid desc")
    names = []
    while len(names) < Ns.ConfigGetInt("ns/site", "MaxEntries") and db.GetRow(row) == Ns.OK:
        names.append("<li>%s" % Ns.QuoteHtml(row["name"]))
    # The count lasts longer than this request.
    __persistdict__["visits"] = __persistdict__.get("visits", 0) + 1  # noqa: F821
    conn.SetHeaders("Cache-Control", "no-store")
    conn.ReturnHtml(200, page(FORM + "<ul>%s</ul>" % "".join(names)))


conn = Ns.GetConn()
if conn.request.method == "POST":
    sign(conn)
else:
    show(conn)
