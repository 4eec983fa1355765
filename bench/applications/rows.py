"""The page of `bench/site/rows.psp` by WSGI."""


def application(environ, start_response):
    """Answers every request with a table of 50 rows."""
    pieces = ["<html>\n<head><title>Rows</title></head>\n<body>\n<table>\n"]
    for number in range(1, 51):
        pieces.append(f"<tr><td>{number}</td><td>row {number * number}</td></tr>\n")
    pieces.append("</table>\n</body>\n</html>\n")
    body = "".join(pieces).encode()
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
