"""The first page, and the form of the tutorial of mod_python."""

from html import escape

from mod_python import Session, apache, util

PAGE = """\
<html>
<h1>An old site</h1>
<p>You have been here %d times.</p>
<form action="thanks" method="POST" enctype="multipart/form-data">
<p>Your name: <input name="name">
<p>Your comment: <textarea name="comment"></textarea>
<p>A picture: <input type="file" name="picture">
<p><input type="submit">
</form>
<p><a href="shop/cart.psp">Shop</a> <a href="members/">Members</a> <a href="loud/poem.txt">Poem</a>
</html>
"""


def index(req):
    session = Session.Session(req)
    session["hits"] = session.get("hits", 0) + 1
    session.save()
    return PAGE % session["hits"]


def thanks(req, name, comment="", picture=None):
    if not name.strip():
        raise apache.SERVER_RETURN(apache.HTTP_BAD_REQUEST)
    text = "<html><p>Dear %s, thank you for %d letters" % (escape(name), len(comment))
    if isinstance(picture, util.Field):
        text += " and %d bytes of %s" % (len(picture.value), escape(picture.filename))
    return text + ".</html>"


def forget(req):
    Session.Session(req).invalidate()
    util.redirect(req, "/")
