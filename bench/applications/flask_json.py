"""A small JSON document from Flask."""

from flask import Flask, jsonify

application = Flask(__name__)


@application.get("/")
def show_message():
    """Answers with two members, one of them from the query string's default."""
    return jsonify(message="Hello, World!", items=list(range(10)))
