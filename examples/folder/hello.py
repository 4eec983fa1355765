import cgi
import html

from greeting import greet

form = cgi.FieldStorage()
print("<!DOCTYPE html>")
print('<html lang="en"><meta charset="utf-8"><title>Hello</title>')
print('<link rel="stylesheet" href="style.css">')
print("<h1>" + html.escape(greet(form.getfirst("name", "world"))) + "</h1>")
