import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../support/raw-client.ts'

let folder: string
let taipan: RunningTaipan

/** An application file that records each load in `NAME.loads`. */
function source(name: string, answer: string): string {
  return `
import os, threading, time
from os import system
import json as alias
HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, ${JSON.stringify(`${name}.loads`)}), "a") as loads:
    loads.write("x")
count = 0
secret = "not callable"

def reply(start_response, text):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text.encode()]

def handler(environ, start_response):
    global count
    count += 1
    path = environ["PATH_INFO"]
    if path == "/count":
        return reply(start_response, str(count))
    if path == "/flags":
        return reply(start_response, "%s %s" % (environ["wsgi.multithread"], environ["wsgi.run_once"]))
    if path == "/gate":
        print("gate of ${name} reached", flush=True)
        for _ in range(1500):
            if os.path.exists(os.path.join(HERE, ${JSON.stringify(`${name}.gate`)})):
                break
            time.sleep(0.01)
    return reply(start_response, ${JSON.stringify(answer)})

def other(environ, start_response):
    return reply(start_response, "other")
`
}

const IDENTITY = `
import dataclasses, pickle, sys

@dataclasses.dataclass
class Point:
    x: int
    next: "Point | None" = None

def handler(environ, start_response):
    same = pickle.loads(pickle.dumps(Point(1))) == Point(1)
    text = "|".join([__name__, str(sys.modules[__name__].__dict__ is globals()), str(same), __file__])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
`

const INSTANCES = `
class Application:
    made = 0
    def __init__(self):
        type(self).made += 1
        self.number = type(self).made
        self.calls = 0
    def __call__(self, environ, start_response):
        self.calls += 1
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [("%d %d %s %s" % (id(type(self)) and self.number, self.calls, environ["wsgi.run_once"], environ["wsgi.multithread"])).encode()]
    def method(self, environ, start_response):
        return self(environ, start_response)
`

const NAMES = [
  'cached',
  'fresh',
  'changing',
  'fixed',
  'concurrent',
  'busy',
  'chosen',
  'single',
  'neighbour',
  'broken',
] as const

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taipan-modjy-'))
  for (const name of NAMES) await writeFile(join(folder, `${name}.py`), source(name, `${name} one`))
  await writeFile(join(folder, 'identity.py'), IDENTITY)
  await writeFile(join(folder, 'identity_too.py'), IDENTITY)
  await writeFile(join(folder, 'instances_mod.py'), INSTANCES)
  const file = (name: string, more: object = {}): object => ({
    appDirectory: '.',
    appFilename: `${name}.py`,
    callable: 'handler',
    ...more,
  })
  const reload = { reloadOnModification: true }
  const apps = {
    cached: file('cached'),
    fresh: file('fresh', { cacheCallables: false }),
    changing: file('changing', reload),
    fixed: file('fixed', { reloadOnModification: false }),
    concurrent: file('concurrent', reload),
    busy: file('busy', reload),
    broken: file('broken', reload),
    chosen: file('chosen', { callableQueryName: 'callable' }),
    single: file('single', { multithread: false }),
    neighbour: file('neighbour'),
    identity: file('identity'),
    'identity-too': file('identity_too'),
    instances: { target: 'instances_mod:Application()', cacheCallables: false },
    methods: { target: 'instances_mod:Application().method', cacheCallables: false },
    kept: { target: 'instances_mod:Application()' },
  }
  const routes = Object.keys(apps).map((app) => ({ path: `/${app}`, app }))
  const config = {
    bind: ['127.0.0.1:0'],
    groups: { web: { processes: 1, threads: 4 } },
    apps,
    routes,
  }
  await writeFile(join(folder, 'taipan.config.json'), JSON.stringify(config))
  taipan = await startTaipan(['--config', 'taipan.config.json'], { cwd: folder })
})

afterAll(async () => {
  await taipan.stop()
  await rm(folder, { recursive: true, force: true })
})

async function text(target: string): Promise<string> {
  const response = await fetchRaw(taipan.url, target)
  if (response.status !== 200) return `${response.status}`
  return response.text
}

async function loads(name: string): Promise<number> {
  return (await readFile(join(folder, `${name}.loads`), 'utf8').catch(() => '')).length
}

/** Changes the file so that its mtime differs. */
async function rewrite(
  name: string,
  content: string,
  mtime = Date.now() / 1000 + 10,
): Promise<void> {
  const path = join(folder, `${name}.py`)
  await writeFile(path, content)
  await utimes(path, mtime, mtime)
}

describe('the execfile mechanism', () => {
  test('a callable is cached by path and name', async () => {
    await text('/cached')
    expect(await text('/cached/count')).toBe('2')
    expect(await text('/cached/count')).toBe('3')
    expect(await loads('cached')).toBe(1)
    expect(await text('/cached/flags')).toBe('True False')
  })

  test('the module is in sys.modules under a unique name that is not __main__', async () => {
    const names = await Promise.all(['/identity', '/identity-too'].map((target) => text(target)))
    const parts = names.map((name) => name.split('|'))
    for (const [name, stands, pickles] of parts) {
      expect(name).not.toBe('__main__')
      expect([stands, pickles]).toEqual(['True', 'True'])
    }
    expect(parts[0]?.[0]).not.toBe(parts[1]?.[0])
    expect(parts[0]?.[3]).toBe(join(folder, 'identity.py'))
  })

  test('cacheCallables false: loaded for each request, run_once, not multithread', async () => {
    const before = await loads('fresh')
    expect(await text('/fresh/count')).toBe('1')
    expect(await text('/fresh/count')).toBe('1')
    expect(await loads('fresh')).toBe(before + 2)
    expect(await text('/fresh/flags')).toBe('False True')
  })

  test('cacheCallables false uses no bytecode by mtime', async () => {
    const path = join(folder, 'fresh.py')
    const { mtimeMs } = await stat(path)
    expect(await text('/fresh')).toBe('fresh one')
    await rewrite('fresh', source('fresh', 'fresh two'), mtimeMs / 1000)
    expect(await text('/fresh')).toBe('fresh two')
  })

  test('reloadOnModification loads again when the mtime changes, also to an older one', async () => {
    expect(await text('/changing')).toBe('changing one')
    await rewrite('changing', source('changing', 'changing two'))
    expect(await text('/changing')).toBe('changing two')
    expect(await text('/changing/count')).toBe('2')
    await rewrite('changing', source('changing', 'changing three'), 1_000_000_000)
    expect(await text('/changing')).toBe('changing three')
  })

  test('without reloadOnModification a change is not seen', async () => {
    expect(await text('/fixed')).toBe('fixed one')
    await rewrite('fixed', source('fixed', 'fixed two'))
    expect(await text('/fixed')).toBe('fixed one')
  })

  test('requests at the same time load once, and so after a change', async () => {
    const many = async (): Promise<string[]> =>
      await Promise.all(Array.from({ length: 12 }, () => text('/concurrent')))
    expect(new Set(await many())).toEqual(new Set(['concurrent one']))
    expect(await loads('concurrent')).toBe(1)
    await rewrite(
      'concurrent',
      `import time; time.sleep(0.2)\n${source('concurrent', 'concurrent two')}`,
    )
    expect(new Set(await many())).toEqual(new Set(['concurrent two']))
    expect(await loads('concurrent')).toBe(2)
  })

  test('running requests finish on the old code', async () => {
    const running = text('/busy/gate')
    await pollUntil(
      () => (taipan.output.includes('gate of busy reached') ? true : undefined),
      'the request to run',
    )
    await rewrite('busy', source('busy', 'busy two'))
    expect(await text('/busy')).toBe('busy two')
    await writeFile(join(folder, 'busy.gate'), '')
    expect(await running).toBe('busy one')
  })

  test('a failed load is never cached, and shows no traceback', async () => {
    expect(await text('/broken')).toBe('broken one')
    for (const [index, content] of [
      'def handler(:\n',
      'raise RuntimeError("no load")\n',
      'nothing = 1\n',
      'handler = 5\n',
    ].entries()) {
      await rewrite('broken', content, 1_500_000_000 + index * 10)
      for (let again = 0; again < 2; again++) {
        const response = await fetchRaw(taipan.url, '/broken')
        expect(response.status).toBeGreaterThanOrEqual(500)
        expect(response.text).not.toMatch(/Traceback|SyntaxError|no load|broken\.py/)
      }
      await rewrite('broken', source('broken', `broken ${index}`), 1_500_000_005 + index * 10)
      expect(await text('/broken')).toBe(`broken ${index}`)
    }
    expect(taipan.output).toMatch(/SyntaxError/)
    expect(taipan.output).toMatch(/RuntimeError: no load/)
  })
})

describe('a callable selected by the query', () => {
  test('the configured callable when the parameter is absent', async () => {
    expect(await text('/chosen')).toBe('chosen one')
    expect(await text('/chosen?x=y')).toBe('chosen one')
  })

  test('another callable of the module', async () => {
    expect(await text('/chosen?callable=other')).toBe('other')
    expect(await text('/chosen?x=y&callable=other&z')).toBe('other')
  })

  test.each([
    '',
    'system',
    'alias',
    'os',
    'secret',
    'count',
    'absent',
    'open',
    'eval',
    '__import__',
    '__builtins__',
    '__loader__',
    'handler.__call__',
    'os.system',
    'handler()',
    'lambda: 1',
    '%00',
    'other%20',
  ])('%j is refused without a traceback', async (name) => {
    const response = await fetchRaw(taipan.url, `/chosen?callable=${name}`)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.text).not.toMatch(/Traceback|Error:|chosen\.py/)
  })

  test('two parameters do not bypass the check', async () => {
    for (const query of ['callable=other&callable=system', 'callable=system&callable=other']) {
      const response = await fetchRaw(taipan.url, `/chosen?${query}`)
      expect(response.status >= 400 || response.text === 'other').toBe(true)
    }
  })

  test('a warning is logged, and other applications cannot be selected', async () => {
    expect(taipan.output).toMatch(/callableQueryName/)
    expect(await text('/cached?callable=other')).toBe('cached one')
  })
})

describe('importable targets', () => {
  test('cacheCallables false: a new instance per request, run_once', async () => {
    for (const app of ['/instances', '/methods']) {
      const answers = [await text(app), await text(app), await text(app)].map((answer) =>
        answer.split(' '),
      )
      for (const [, calls, once, threads] of answers)
        expect([calls, once, threads]).toEqual(['1', 'True', 'False'])
    }
  })

  test('otherwise one instance serves all', async () => {
    expect(Number((await text('/kept')).split(' ')[1])).toBe(1)
    expect(Number((await text('/kept')).split(' ')[1])).toBe(2)
    expect((await text('/kept')).split(' ').slice(2)).toEqual(['False', 'True'])
  })
})

describe('multithread false', () => {
  test('one request at a time, and wsgi.multithread is False', async () => {
    expect(await text('/single/flags')).toBe('False False')
  })

  test('it does not occupy the threads of others', async () => {
    const connections = await Promise.all(Array.from({ length: 8 }, () => openRaw(taipan.url)))
    for (const connection of connections) connection.send(formatRequest({ target: '/single/gate' }))
    await pollUntil(
      () => (taipan.output.includes('gate of single reached') ? true : undefined),
      'the first of them to run',
    )
    for (let i = 0; i < 10; i++) expect(await text('/neighbour')).toBe('neighbour one')
    expect(taipan.output.split('gate of single reached')).toHaveLength(2)
    await writeFile(join(folder, 'single.gate'), '')
    for (const connection of connections)
      expect((await connection.readFinalResponse()).text).toBe('single one')
    for (const connection of connections) connection.destroy()
  })
})
