import { ONE, type Files, type Row } from '../row.ts'
import { FASTAPI, asgi } from './applications.ts'

const FAST = { '/': '{"from":"fastapi"}', '/items/7': '"number":7', '/items/x': 422 }

/** The larger example of FastAPI's documentation: a package with routers. */
const BIGGER: Files = {
  'app/__init__.py': '',
  'app/main.py': `from fastapi import FastAPI
from .dependencies import whose
from .routers import items

app = FastAPI()
app.include_router(items.router)

@app.get("/")
async def root():
    return {"whose": whose()}
`,
  'app/dependencies.py': 'def whose():\n    return "ours"\n',
  'app/routers/__init__.py': '',
  'app/routers/items.py': `from fastapi import APIRouter, Depends
from ..dependencies import whose

router = APIRouter(prefix="/items")

@router.get("/")
async def items(owner: str = Depends(whose)):
    return ["plumbus", owner]
`,
}

const LIFESPAN = `from contextlib import asynccontextmanager
from fastapi import FastAPI, Request

@asynccontextmanager
async def lifespan(app):
    print("opening", flush=True)
    yield {"database": "open"}
    print("closing", flush=True)

app = FastAPI(lifespan=lifespan)

@app.get("/")
async def home(request: Request):
    return request.state.database
`

const STARLETTE = `from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

async def home(request):
    return PlainTextResponse("starlette at " + request.url.path)

async def echo(socket):
    await socket.accept()
    await socket.send_text(await socket.receive_text())

app = Starlette(routes=[Route("/", home), WebSocketRoute("/ws", echo)])
`

const QUART = `from quart import Quart, websocket

app = Quart(__name__)

@app.get("/")
async def home():
    return "hello from quart"

@app.websocket("/ws")
async def echo():
    await websocket.send(await websocket.receive())

if __name__ == "__main__":
    app.run()
`

const FALCON = `import falcon.asgi

class Home:
    async def on_get(self, request, response):
        response.media = {"from": "falcon"}

app = falcon.asgi.App()
app.add_route("/", Home())
`

const LITESTAR = `from litestar import Litestar, get

@get("/")
async def home() -> dict[str, str]:
    return {"from": "litestar"}

app = Litestar([home])
`

const CLASS = `class Site:
    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"an instance"})

app = Site()
`

export const ASGI_ROWS: readonly Row[] = [
  {
    name: 'FastAPI: one file, WebSocket, generated documentation',
    files: { 'main.py': FASTAPI },
    command: 'taipan serve main:app',
    pages: { ...FAST, '/docs': 'swagger', '/openapi.json': '"/items/{number}"' },
    echoes: ['/ws'],
  },
  {
    name: 'FastAPI: the file by its path, with uvicorn at its end',
    files: {
      'main.py': `import uvicorn\n${FASTAPI}\nif __name__ == "__main__":\n    uvicorn.run("main:app", reload=True)\n`,
    },
    command: 'taipan serve main.py',
    engines: ONE,
    pages: FAST,
  },
  {
    name: 'FastAPI: a package with routers by its name',
    files: BIGGER,
    command: 'taipan serve app',
    pages: { '/': '{"whose":"ours"}', '/items/': '["plumbus","ours"]' },
  },
  {
    name: 'FastAPI: a package with routers by its file',
    files: BIGGER,
    command: 'taipan serve app/main.py',
    engines: ONE,
    pages: { '/items/': 'plumbus' },
  },
  {
    name: 'FastAPI: a package with routers from within',
    files: BIGGER,
    cwd: 'app',
    command: 'taipan serve main.py',
    engines: ONE,
    pages: { '/items/': 'plumbus' },
  },
  {
    name: 'FastAPI: an object of an unusual name',
    files: { 'main.py': FASTAPI.replaceAll(/\bapp\b/g, 'api') },
    command: 'taipan serve main:api',
    engines: ONE,
    pages: FAST,
  },
  {
    name: 'FastAPI: lifespan',
    files: { 'main.py': LIFESPAN },
    command: 'taipan serve',
    pages: { '/': '"open"' },
    says: [/opening/, /closing/],
  },
  {
    name: 'FastAPI: a factory, as for uvicorn',
    files: { 'main.py': `${FASTAPI}\ndef make():\n    return app\n` },
    command: 'taipan serve main:make --factory',
    engines: ONE,
    pages: FAST,
    says: [/--factory is 'main:make\(\)' here/],
  },
  {
    name: 'Starlette',
    files: { 'app.py': STARLETTE },
    command: 'taipan serve',
    pages: { '/': 'starlette at /' },
    echoes: ['/ws'],
  },
  {
    name: 'Quart',
    files: { 'app.py': QUART },
    command: 'taipan serve app.py',
    pages: { '/': 'hello from quart', '/nothing': 404 },
    echoes: ['/ws'],
  },
  {
    name: 'Falcon, asynchronous',
    files: { 'asgi.py': FALCON },
    command: 'taipan serve asgi:app',
    engines: ONE,
    pages: { '/': '"falcon"' },
  },
  {
    name: 'Litestar',
    files: { 'app.py': LITESTAR },
    command: 'taipan serve app:app',
    engines: ONE,
    pages: { '/': '"litestar"' },
  },
  {
    name: 'an ASGI function',
    files: { 'hello.py': asgi('plain asgi', 'application') },
    command: 'taipan serve hello.py',
    pages: { '/': 'plain asgi' },
  },
  {
    name: 'an ASGI object of a class',
    files: { 'app.py': CLASS },
    command: 'taipan serve app:app',
    engines: ONE,
    pages: { '/': 'an instance' },
  },
]
