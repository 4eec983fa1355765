// Small applications, as people have them.

export const FLASK = `from flask import Flask

app = Flask(__name__)

@app.get("/")
def home():
    return "hello from flask"
`

export const FLASK_VIEWS = `from app import app

@app.get("/view")
def view():
    return "a view"
`

export const FACTORY = `from flask import Flask

def create_app(test_config=None):
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(SECRET_KEY="dev")

    @app.get("/")
    def home():
        return "made by a factory"

    return app
`

export const FASTAPI = `from fastapi import FastAPI, WebSocket

app = FastAPI()

@app.get("/")
async def home():
    return {"from": "fastapi"}

@app.get("/items/{number}")
def item(number: int):
    return {"number": number}

@app.websocket("/ws")
async def echo(socket: WebSocket):
    await socket.accept()
    await socket.send_text(await socket.receive_text())
`

/** A WSGI function. */
export function wsgi(text: string, name = 'application'): string {
  return `def ${name}(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return ["${text}".format(**environ).encode()]
`
}

/** An ASGI function. */
export function asgi(text: string, name = 'app'): string {
  return `async def ${name}(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"${text}"})
`
}
