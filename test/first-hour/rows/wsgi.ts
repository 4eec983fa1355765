import { ONE, type Row } from '../row.ts'
import { wsgi } from './applications.ts'

const BOTTLE = `import bottle
from bottle import route, run, template

@route("/hello/<name>")
def hello(name):
    return template("<b>Hello {{name}}</b>!", name=name)

if __name__ == "__main__":
    run(host="localhost", port=8080)

app = bottle.default_app()
`

const FALCON = `import falcon

class Home:
    def on_get(self, request, response):
        response.text = "hello from falcon"

app = falcon.App()
app.add_route("/", Home())

if __name__ == "__main__":
    from wsgiref.simple_server import make_server
    make_server("", 8000, app).serve_forever()
`

const PYRAMID = `from pyramid.config import Configurator
from pyramid.response import Response

def home(request):
    return Response("hello from pyramid")

def main(global_config, **settings):
    with Configurator(settings=settings) as config:
        config.add_route("home", "/")
        config.add_view(home, route_name="home")
        return config.make_wsgi_app()

app = main({})
`

const QUIXOTE = `from quixote import get_wsgi_app
from quixote.directory import Directory, export
from quixote.publish import Publisher

class Root(Directory):
    @export(name="")
    def index(self):
        return "hello from quixote"

def create_app():
    Publisher(Root())
    return get_wsgi_app()
`

const CHERRYPY = `import cherrypy

class Root:
    @cherrypy.expose
    def index(self):
        return "hello from cherrypy"

application = cherrypy.Application(Root(), "/")

if __name__ == "__main__":
    cherrypy.quickstart(Root())
`

const WEBPY = `import web

urls = ("/(.*)", "hello")
app = web.application(urls, globals())

class hello:
    def GET(self, name):
        return "Hello, " + (name or "World") + "!"

application = app.wsgifunc()

if __name__ == "__main__":
    app.run()
`

const OBJECT = `class Site:
    def __call__(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"an instance"]

    def other(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"a method"]
`

const ITERABLE = `class application:
    def __init__(self, environ, start_response):
        self.start = start_response

    def __iter__(self):
        self.start("200 OK", [("Content-Type", "text/plain")])
        yield b"a class "
        yield b"that is iterated"
`

/** As written for mod_wsgi. */
const MOD_WSGI = `import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from site_pages import application
`

export const WSGI_ROWS: readonly Row[] = [
  {
    name: 'a function',
    files: { 'hello.py': wsgi('hello from {PATH_INFO}') },
    command: 'taipan serve hello.py',
    pages: { '/a/b': 'hello from /a/b' },
  },
  {
    name: 'a function named app, by its module',
    files: { 'hello.py': wsgi('an app', 'app') },
    command: 'taipan serve hello',
    engines: ONE,
    pages: { '/': 'an app' },
  },
  {
    name: 'a function named handler',
    files: { 'main.py': wsgi('handled', 'handler') },
    command: 'taipan serve',
    engines: ONE,
    pages: { '/': 'handled' },
  },
  {
    name: 'a function of an unusual name, by a flag',
    files: { 'main.py': wsgi('found', 'server') },
    command: 'taipan serve main --callable server',
    engines: ONE,
    pages: { '/': 'found' },
  },
  {
    name: 'an object of a class',
    files: { 'site_.py': OBJECT },
    command: "taipan serve 'site_:Site()'",
    engines: ONE,
    pages: { '/': 'an instance' },
  },
  {
    name: 'a method',
    files: { 'site_.py': OBJECT },
    command: "taipan serve 'site_:Site().other'",
    engines: ONE,
    pages: { '/': 'a method' },
  },
  {
    name: 'a class whose instances are the answers',
    files: { 'app.py': ITERABLE },
    command: 'taipan serve app.py',
    pages: { '/': 'a class that is iterated' },
  },
  {
    name: 'a .wsgi file of mod_wsgi that changes sys.path',
    files: { 'shop.wsgi': MOD_WSGI, 'lib/site_pages.py': wsgi('by mod_wsgi') },
    command: 'taipan serve shop.wsgi',
    pages: { '/': 'by mod_wsgi' },
  },
  {
    name: 'a file whose name is no name of a module',
    files: { 'my-site 2.py': wsgi('odd name') },
    command: "taipan serve 'my-site 2.py'",
    engines: ONE,
    pages: { '/': 'odd name' },
  },
  {
    name: 'Bottle, which runs itself when it is the program',
    files: { 'app.py': BOTTLE },
    command: 'taipan serve app.py',
    pages: { '/hello/you': '<b>Hello you</b>!' },
  },
  {
    name: 'Falcon',
    files: { 'things.py': FALCON },
    command: 'taipan serve things:app',
    engines: ONE,
    pages: { '/': 'hello from falcon' },
  },
  {
    name: 'Pyramid',
    files: { 'app.py': PYRAMID },
    command: 'taipan serve',
    engines: ONE,
    pages: { '/': 'hello from pyramid' },
  },
  {
    name: 'Quixote',
    files: { 'site.wsgi': QUIXOTE },
    command: 'taipan serve site.wsgi',
    pages: { '/': 'hello from quixote', '/nothing': 404 },
  },
  {
    name: 'CherryPy',
    files: { 'wsgi.py': CHERRYPY },
    command: 'taipan serve',
    engines: ONE,
    pages: { '/': 'hello from cherrypy' },
  },
  {
    name: 'web.py',
    files: { 'code.py': WEBPY },
    command: 'taipan serve code.py',
    engines: ONE,
    pages: { '/you': 'Hello, you!' },
  },
]
