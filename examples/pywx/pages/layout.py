import Ns

PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>%(title)s</title>
<h1>%(title)s</h1>
%(body)s
"""


def page(body):
    return PAGE % {"title": Ns.ConfigGetValue("ns/site", "Title"), "body": body}
