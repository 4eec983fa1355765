from Http import Env, Write


def Request():
    Write(f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>An old site</title>
<link rel="stylesheet" href="/style.css">
<h1>An old site on {Env.SERVER_NAME}</h1>
<ul>
<li><a href="/archive/2008/01">January 2008</a>
<li><a href="/shop/">Shop</a>
<li><a href="/guests">Guests</a>
<li><a href="/notes/">Notes</a>
</ul>
""")
