"""Adds numbers. A program for Xitami, which is a peer (python calc.py), a script and a CGI program.

As a peer it stays, and answers /peers/calc; as a script it answers /calc.py, each time anew.
"""

import sys

import lrwp

HOST, PORT = "localhost", 1081


def main(host=HOST, port=PORT):
    peer = lrwp.LRWP("calc", host, int(port))
    peer.connect()
    try:
        while True:
            answer(peer.acceptRequest())
    except lrwp.ConnectionClosed:
        peer.close()


def answer(request):
    form = request.getFieldStorage()
    numbers = form.getlist("n")
    request.out.write("Content-Type: text/plain; charset=utf-8\r\n\r\n")
    try:
        request.out.write("%s = %g\n" % (" + ".join(numbers), sum(map(float, numbers))))
    except ValueError:
        request.out.write("These are no numbers: %s\n" % ", ".join(numbers))
    request.finish()


if __name__ == "__main__":
    main(*sys.argv[1:3])
