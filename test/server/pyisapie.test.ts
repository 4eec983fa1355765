import { describe, expect, test } from 'vitest'

import { serve, type GuardRequest, type ServeOptions, type TaipanConfig } from '../../src/index.ts'
import { resolveConfigPlan } from '../../src/server/load-plan.ts'
import { messageOf } from '../support/message-of.ts'
import { createProject } from '../support/project.ts'
import { findWithInterpreters } from '../support/pythons.ts'
import { fetchRaw } from '../support/raw-client.ts'

const ISAPI = `
import os, sys
from Http import *
from Http.WSGI import Map
import beside

os.environ['SITE'] = 'set once'
def app(environ, start_response):
    start_response('200 OK', [])
    flags = [environ['wsgi.' + name] for name in ('multithread', 'multiprocess', 'run_once')]
    return [repr(flags).encode() + environ['wsgi.input'].readline()]

Applications = Map({'/own': app})

def Request():
    name = Env.URL.rstrip('/').rpartition('/')[2]
    if name.startswith('static'):
        Read(3)
        return True
    if name == 'big':
        for number in range(40):
            Write(str(number % 10) * 65536)
    elif name == 'print':
        print(beside.TEXT, os.environ['SITE'], sys.argv[1:], sys.stdin.read())
        print('for the log', file=sys.stderr)
        sys.exit('bye')
    elif name == 'unbuffered':
        DisableBuffer()
        print('a', end='')
        Write(str(Env.DataSent))
    elif name == 'fails':
        Write('secret')
        raise KeyError('secret')
    elif name == 'late':
        DisableBuffer()
        Write('part')
        raise KeyError('late')
    elif name == 'wsgi':
        RunWSGI(app, None)
    else:
        Write(f'{__interp__} {name}')
`
const OLD = `
from Http import *
import imp
Handlers = {}
def Request():
    path = Env.SCRIPT_TRANSLATED
    if path not in Handlers:
        Handlers[path] = imp.load_source('isapi_page', path).Request
    return Handlers[path]()
`
const FILES = {
  'site/Isapi.py': ISAPI,
  'site/beside.py': 'TEXT = "beside"',
  'old/Isapi.py': OLD,
  'old/page.py': 'from Http import *\ndef Request(): Write("page")',
  'plain/Page.py': 'from Http import *\ndef Request(): Write(Read())',
  'maps/choose.py': 'def choose(env): return env.HTTP_X_SITE',
  'public/static.txt': 'static',
}
const LEVELS = ['shared', 'process', 'interpreter', 'fresh'] as const

/** Chooses as a function of the configuration does, which may take its time. */
async function chooseInCode(request: GuardRequest): Promise<string> {
  if (request.query === 'fails') throw new Error('no idea')
  return await Promise.resolve(JSON.parse(request.field('X-Site') ?? '""'))
}

type Project = ReturnType<typeof createProject>

function options(project: Project): ServeOptions {
  const site = project.path('site')
  const python = findWithInterpreters()
  return {
    bind: '127.0.0.1:0',
    processes: 1,
    threads: 2,
    log: { level: 'silent' },
    ...(python === undefined ? {} : { python }),
    routes: [
      ...LEVELS.filter((level) => level !== 'interpreter' || python !== undefined).map(
        (isolation) => ({ path: `/${isolation}`, pyisapie: { directory: site }, isolation }),
      ),
      { path: '/old', pyisapie: { directory: project.path('old') } },
      { path: '/plain', pyisapie: { directory: project.path('plain') } },
      {
        path: '/maps',
        pyisapie: {
          directory: site,
          interpreterMap: project.path('maps/choose.py:choose'),
        },
      },
      { path: '/code', pyisapie: { directory: site, interpreterMap: chooseInCode } },
      { path: '/', static: project.path('public') },
      ...LEVELS.map((level) => ({ path: `/${level}`, static: project.path('public') })),
    ],
  }
}

test('requests are answered alike at all levels', async () => {
  using project = createProject(FILES)
  await using server = await serve(options(project))
  const [url = ''] = server.urls
  const flags = {
    shared: [true, false, false],
    process: [false, true, false],
    interpreter: [false, true, false],
    fresh: [false, true, true],
  }
  for (const level of LEVELS) {
    if (level === 'interpreter' && findWithInterpreters() === undefined) continue
    const post = async (name: string, body = '') =>
      await fetchRaw(url, { target: `/${level}/${name}`, method: 'POST', body })
    const big = await post('big')
    expect([big.text.length, big.text.at(-1)]).toEqual([40 * 65536, '9'])
    const printed = await post('print?a=1', 'body')
    expect([printed.status, printed.text]).toEqual([200, "beside set once ['a=1'] body\n"])
    expect((await post('unbuffered')).text).toBe('aTrue')
    expect((await post('name')).text).toBe('__main__ name')
    const failed = await post('fails')
    expect([failed.status, failed.text]).toEqual([500, 'Internal Server Error\n'])
    const python = JSON.stringify(flags[level]).replaceAll(',', ', ')
    const shown = python.replaceAll('true', 'True').replaceAll('false', 'False')
    expect((await post('wsgi', 'line\nrest')).text).toBe(`${shown}line\n`)
    const file = await fetchRaw(url, { target: `/${level}/static.txt` })
    expect([file.status, file.text]).toEqual([200, 'static'])
  }
  project.write('site/beside.py', 'TEXT = "changed"')
  for (const level of ['shared', 'fresh'])
    expect((await fetchRaw(url, { target: `/${level}/print` })).text).toMatch(/^changed set once/)
})

test('files, old ways and functions of a map', async () => {
  using project = createProject(FILES)
  await using server = await serve(options(project))
  const [url = ''] = server.urls
  const get = async (target: string, body = '') =>
    (await fetchRaw(url, { target, ...(body === '' ? {} : { method: 'POST', body }) })).text
  expect(await get('/plain/Page.py', 'body')).toBe('body')
  expect((await fetchRaw(url, { target: '/plain/page.py' })).status).toBe(404)
  expect(await get('/old/page.py')).toBe('page')
  const mapped = await fetchRaw(url, { target: '/maps/x', headers: [['X-Site', 'one']] })
  expect(mapped.text).toBe('one x')
  expect(await get('/maps/x')).toBe('__main__ x')
})

test('a function of the configuration chooses interpreters', async () => {
  using project = createProject(FILES)
  await using server = await serve(options(project))
  const [url = ''] = server.urls
  const get = async (target: string, site: string) => {
    const headers = [['X-Site', site]] as const
    const { status, text } = await fetchRaw(url, { target, headers })
    return `${status} ${text}`
  }
  expect(await get('/code/x', '"one"')).toBe('200 one x')
  // Texts of raw responses have a character per byte.
  expect(await get('/code/x', '"\\u00fc"')).toBe('200 \u00c3\u00bc x')
  expect(await get('/code/x', '""')).toBe('200 __main__ x')
  expect(await get('/code/x', '7')).toBe('500 Internal Server Error\n')
  expect(await get('/code/x?fails', '"one"')).toBe('500 Internal Server Error\n')
  expect(await get('/code/static.txt', '"one"')).toBe('404 Not Found\n')
})

describe('what is no module or map', () => {
  const directory = 'site'
  test.each([
    [
      { directory, module: 'Isapi.py' },
      /pyisapie\.module: is "Isapi\.py"; write the module's name/,
    ],
    [{ directory, module: 'a b' }, /pyisapie\.module: is "a b"; write the name of a module/],
    [{ directory, interpreterMap: 'A-B' }, /interpreterMap: is "A-B"; name a variable/],
    [{ directory, interpreterMap: 'maps.py' }, /interpreterMap: is "maps\.py"; name a variable/],
    [{}, /pyisapie\.directory: is missing; name the folder/],
  ])('%j', (pyisapie, message) => {
    using project = createProject(FILES)
    const config: TaipanConfig = { routes: [{ path: '/', pyisapie }] }
    const place = { cwd: project.folder, environment: {} }
    expect(messageOf(() => resolveConfigPlan(config, place))).toMatch(message)
  })
})
