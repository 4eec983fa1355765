<%@ Language=Python %>
<%
if Request.QueryString("leave").Count:
    Session.Abandon()
    Response.Redirect("default.asp")
if Request.ServerVariables("REQUEST_METHOD") != "POST":
    Response.Status = "405 Method Not Allowed"
    Response.AddHeader("Allow", "POST")
    Response.Write("Only by the form.")
    Response.End()
Session["name"] = Request.Form("name")
notes = Session["notes"] or []
for note in Request.Form("note"):
    if note:
        notes.append(note)
Session["notes"] = notes
Response.Redirect("default.asp")
%>
