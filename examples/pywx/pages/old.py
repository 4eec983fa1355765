import Ns

# The client does not see it: the server goes on with another page.
Ns.GetConn().Redirect("/facts.py")
