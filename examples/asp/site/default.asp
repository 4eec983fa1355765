<%@ Language=Python CodePage=65001 %>
<script language="Python" runat="server">
def greeting(name):
    return "Hello, " + Server.HTMLEncode(name) + "!" if name else "Who are you?"
</script>
<%
title = "A shop"
notes = Session["notes"] or []
Response.Cookies("seen")["page"] = "shop"
%>
<!--#include file="inc/head.inc"-->
<p><%= greeting(Session["name"]) %> You are visitor <%= Session["number"] %> of <%= Application("visitors") %>; <%= Application("left") or 0 %> have left.</p>
<%
if notes:
%>
<ol><% for note in notes: %><li><%= Server.HTMLEncode(note) %></li><% end %></ol>
<%
else:
%>
<p>There are no notes.</p>
<%
# Text after this line is always there.
%>
<form action="note.asp" method="post">
  <input name="name" value="<%= Server.HTMLEncode(Session['name']) %>"> <input name="note"> <input name="note">
  <button>Keep</button>
</form>
<p><a href="note.asp?leave=1">Leave</a></p>
<!--#include virtual="/inc/foot.inc"-->
