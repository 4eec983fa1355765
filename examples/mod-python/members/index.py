"""For members only."""


def index(req):
    return "Welcome, %s." % req.user


def rules(req):
    __access__ = ["knight"]
    return "Nobody expects them."
