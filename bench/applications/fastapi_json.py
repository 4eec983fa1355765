"""A small JSON document from FastAPI."""

from fastapi import FastAPI

application = FastAPI()


@application.get("/")
async def show_message():
    """Answers with two members."""
    return {"message": "Hello, World!", "items": list(range(10))}
