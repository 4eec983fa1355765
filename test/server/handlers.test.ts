import { describe, expect, test } from 'vitest'

import { serve, TaipanError, type ServeOptions } from '../../src/index.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'

const ACT = `
import os, sys
import beside

def facts(conn):
    names = ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SCRIPT_FILENAME")
    print("Status: 202\\nContent-Type: text/plain\\n")
    print([os.environ[name] for name in names], sys.argv, os.getcwd(), sys.stdin.read())

def text(conn):
    return "<p>: " + beside.TEXT

def data(conn):
    print("Content-Type: x/y\\n\\nprinted,", end="")
    return b"returned"

def connection(conn):
    return conn.return_html(203, conn.request.method)

def other(conn):
    return {"a": 1}

async def late(conn):
    pass

def ends(conn):
    print("ended", end="")
    sys.exit("with a word")

class Publisher:
    def __init__(self):
        self.name = os.environ["SCRIPT_NAME"]

    def handle(self, conn):
        return self.name
`
const FILES = {
  'tools/act.py': ACT,
  'tools/beside.py': 'TEXT = "beside"',
  'pkg/__init__.py': '',
  'pkg/mod.py': `
import os
def shout(conn):
    with open(os.environ["SCRIPT_FILENAME"]) as file:
        return file.read().upper() + os.environ["PATH_INFO"]
`,
  'site/page.tmpl': 'template',
  'site/index.tmpl': 'index',
}
const NAMES = ['facts', 'text', 'data', 'connection', 'other', 'late', 'ends', 'Publisher().handle']

type Project = ReturnType<typeof createProject>

function options(project: Project): ServeOptions {
  const handlers = NAMES.map((name) => ({
    path: `/${name}`,
    handler: project.path(`tools/act.py:${name}`),
    style: 'pywx' as const,
  }))
  return {
    bind: '127.0.0.1:0',
    processes: 1,
    routes: [
      ...handlers,
      {
        path: '/quiet',
        handler: project.path('tools/act.py:text'),
        attachStdio: false,
        method: 'POST',
      },
      { path: '/quiet', handler: project.path('pkg/mod.py:shout'), match: '*.tmpl' },
      {
        path: '/',
        scripts: project.path('site'),
        kinds: { '.tmpl': project.path('pkg/mod.py:shout') },
      },
    ],
  }
}

async function failureOf(given: ServeOptions): Promise<TaipanError> {
  try {
    await using server = await serve(given)
    return new TaipanError('INTERNAL', `it listens on ${server.urls.join()}`)
  } catch (error) {
    if (error instanceof TaipanError) return error
    throw error
  }
}

test('handlers answer as scripts do', async () => {
  using project = createProject(FILES)
  await using server = await serve(options(project))
  const [url = ''] = server.urls
  const get = async (target: string, more: { method?: string; body?: string } = {}) => {
    const answer = await fetchRaw(url, { target, ...more })
    return `${answer.status} ${answer.headers('content-type').join()} ${answer.text}`
  }
  const file = project.path('tools/act.py')
  expect(await get('/facts/a%20b?c=d', { method: 'POST', body: 'body' })).toBe(
    `202 text/plain ['/facts', '/a b', 'c=d', '${file}'] ['${file}', 'c=d'] ${project.path('tools')} body\n`,
  )
  const html = 'text/html; charset=utf-8'
  expect(await get('/text')).toBe(`200 ${html} <p>: beside`)
  expect(await get('/data')).toBe('200 x/y printed,returned')
  expect(await get('/connection')).toMatch(/^203 text\/html.* GET$/)
  expect(await get('/ends')).toBe(`200 ${html} ended`)
  expect(await get('/Publisher().handle')).toBe(`200 ${html} /Publisher().handle`)
  const failed = '500 text/plain; charset=utf-8 Internal Server Error\n'
  expect(await get('/other')).toBe(failed)
  expect(await get('/late')).toBe(failed)
  expect(await get('/quiet/x', { method: 'POST' })).toBe(`200 ${html} <p>: beside`)
  expect(await get('/quiet/x')).toMatch(/^404 /)
  expect(await get('/page.tmpl/more')).toBe(`200 ${html} TEMPLATE/more`)
  expect(await get('/')).toBe(`200 ${html} INDEX`)
  project.write('tools/beside.py', 'TEXT = "changed"')
  project.write('site/page.tmpl', 'another')
  expect(await get('/text')).toBe(`200 ${html} <p>: changed`)
  expect(await get('/page.tmpl')).toBe(`200 ${html} ANOTHER`)
  project.write('tools/act.py', 'def main(conn): pass')
  expect(await get('/text')).toBe(failed)
})

describe('a handler that is not there', () => {
  test.each([
    ['tools/none.py:main', 'there is no file or folder FOLDER/tools/none.py'],
    ['tools/act.py:none', "FOLDER/tools/act.py has no 'none'. Its callables are"],
    ['pkg.none:main', 'there is no module pkg.none'],
    ['tools/act.py', '"FOLDER/tools/act.py" names no function; write it like "tools/act.py:main"'],
  ])('%s', async (handler, message) => {
    using project = createProject(FILES)
    const path = handler.startsWith('tools/') ? project.path(handler) : handler
    const routes = [{ path: '/', handler: path }]
    const log = { level: 'silent' as const }
    const error = await failureOf({ bind: '127.0.0.1:0', routes, log })
    expect(error.message).toContain(message.replace('FOLDER', project.folder))
  })

  test('for an extension', async () => {
    using project = createProject(FILES)
    const routes = [
      {
        path: '/',
        scripts: project.path('site'),
        kinds: { '.tmpl': project.path('pkg/mod.py:none') },
      },
    ]
    const log = { level: 'silent' as const }
    const error = await failureOf({ bind: '127.0.0.1:0', routes, log })
    expect(error.message).toContain("pkg/mod.py has no 'none'. Its callables are shout")
  })
})
