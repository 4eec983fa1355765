import Ns


def main(conn):
    name = (conn.GetQuery() or Ns.Set()).get("name", "world")
    conn.ReturnHtml(200, "<h1>Hello, %s!</h1>" % Ns.QuoteHtml(name))
