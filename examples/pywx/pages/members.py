import Ns

from taipan import ScriptError


class LoginNeeded(ScriptError):
    def __call__(self, conn, url):
        conn.ReturnUnauthorized()


conn = Ns.GetConn()
if (conn.authUser, conn.authPasswd) != ("ada", "secret"):
    raise LoginNeeded("nobody has logged in")
conn.ReturnHtml(200, "<h1>Hello, %s!</h1>" % Ns.QuoteHtml(conn.authUser))
