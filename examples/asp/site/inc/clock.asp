<%@ Language=Python EnableSessionState=False %>
<% import time %>
<p>The page is <%= Request.ServerVariables("SCRIPT_NAME") %>, in the year <%= time.strftime("%Y") %>.</p>
