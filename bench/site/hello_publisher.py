def hello(req):
    req.content_type = "text/plain"
    return "Hello, World!\n"
