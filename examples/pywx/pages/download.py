import Ns

conn = Ns.GetConn()
query = conn.GetQuery()
# What is outside of the folder of the site is a 404, whatever the name says.
conn.ReturnFile(200, None, "files/" + (query["name"] if query else "none"))
