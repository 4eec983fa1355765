import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createApp, type AppOptions } from '../../src/index.ts'
import { resolveConfigPlan } from '../../src/server/load-plan.ts'
import { startFront } from '../support/front.ts'
import { messageOf } from '../support/message-of.ts'
import { createProject, type Project } from '../support/project.ts'
import { findWithInterpreters } from '../support/pythons.ts'
import { fetchRaw, pollUntil } from '../support/raw-client.ts'

const APP = `
import os

import mod_wsgi


def answer(name, environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{name} {mod_wsgi.process_group} {environ['PATH_INFO']} {'taipan.callable' in environ}".encode()]


def application(environ, start_response):
    return answer("usual", environ, start_response)


def where(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{mod_wsgi.process_group} {mod_wsgi.application_group or 'main'}".encode()]


def other(environ, start_response):
    return answer("other", environ, start_response)
`

const PICK = `
def process_group(environ):
    assert "wsgi.input" not in environ and "HTTP_AUTHORIZATION" not in environ
    group = environ.get("HTTP_X_GROUP")
    if group == "raise":
        raise LookupError("cannot choose")
    if group == "number":
        return 7
    return group.encode() if group == "b" else group


def application_group(environ):
    return environ.get("HTTP_X_INTERPRETER")


def callable_object(environ):
    return environ.get("HTTP_X_CALLABLE")
`

const ERROR = 'Internal Server Error\n'
const FAILED = `500 ${ERROR}`

let project: Project

beforeAll(() => {
  project = createProject({ 'app.py': APP, 'where.py': APP, 'pick.py': PICK })
})

afterAll(() => {
  project[Symbol.dispose]()
})

type Dispatch = NonNullable<AppOptions['apps']>[string]['dispatch']

async function serve(dispatch: Dispatch) {
  const app = await createApp({
    log: { level: 'silent' },
    apps: { shop: { target: 'app.py', appDirectory: project.folder, group: 'a', dispatch } },
    groups: { a: { threads: 2 }, b: { threads: 2 } },
    routes: [{ path: '/', app: 'shop' }],
  })
  await app.start()
  const front = await startFront(app.handler)
  return {
    ask: async (fields: Record<string, string> = {}) => {
      const headers = Object.entries(fields)
      const response = await fetchRaw(front.url, { target: '/x', headers })
      return response.status === 200 ? response.text : `${response.status} ${response.text}`
    },
    [Symbol.asyncDispose]: async () => {
      await front.stop()
      await app.stop()
    },
  }
}

describe('a script that chooses for each request', () => {
  test('names process group, application group and callable, or leaves them', async () => {
    await using site = await serve(project.path('pick.py'))
    expect(await site.ask()).toBe('usual a /x False')
    expect(await site.ask({ 'X-Group': 'b' })).toBe('usual b /x False')
    expect(await site.ask({ 'X-Callable': 'other' })).toBe('other a /x False')
    expect(await site.ask({ 'X-Group': 'b', 'X-Callable': 'other' })).toBe('other b /x False')
    expect(await site.ask({ 'X-Interpreter': '%{GLOBAL}' })).toBe('usual a /x False')
  })

  test('an exception, another type, and unknown names are a 500', async () => {
    await using site = await serve(project.path('pick.py'))
    for (const [name, value] of [
      ['X-Group', 'raise'],
      ['X-Group', 'number'],
      ['X-Group', 'nowhere'],
      ['X-Interpreter', 'nobody'],
      ['X-Callable', 'missing'],
    ] as const)
      expect([value, await site.ask({ [name]: value })]).toEqual([value, FAILED])
    expect(await site.ask()).toBe('usual a /x False')
  })

  test('is loaded again when its file changes', async () => {
    project.write('later.py', 'def process_group(environ):\n    return None\n')
    await using site = await serve(project.path('later.py'))
    expect(await site.ask()).toBe('usual a /x False')
    project.write('later.py', 'def process_group(environ):\n    return "b"  # changed\n')
    await pollUntil(async () => (await site.ask()) === 'usual b /x False' || undefined, 'group b')
  })
})

test('a function of the configuration chooses likewise', async () => {
  await using site = await serve((request) => {
    const name = request.field('x-group')
    if (name === 'raise') throw new Error('cannot choose')
    return name === undefined ? undefined : { processGroup: name, callableObject: 'other' }
  })
  expect(await site.ask()).toBe('usual a /x False')
  expect(await site.ask({ 'X-Group': 'b' })).toBe('other b /x False')
  expect(await site.ask({ 'X-Group': 'raise' })).toBe(FAILED)
  expect(await site.ask({ 'X-Group': 'c' })).toBe(FAILED)
})

const python = findWithInterpreters()

test.skipIf(python === undefined)('the sub-interpreters of a group can be chosen', async () => {
  const own = { appDirectory: project.folder, group: 'a', interface: 'wsgi' } as const
  const app = await createApp({
    log: { level: 'silent' },
    ...(python !== undefined && { python }),
    apps: {
      shop: { ...own, target: 'app.py', dispatch: project.path('pick.py') },
      blog: { ...own, target: 'where.py', interpreter: 'blog' },
    },
    groups: { a: { threads: 2 }, b: { threads: 2 } },
    routes: [{ path: '/', app: 'shop' }],
  })
  await app.start()
  const front = await startFront(app.handler)
  const ask = async (...headers: readonly (readonly [string, string])[]): Promise<string> =>
    (await fetchRaw(front.url, { target: '/x', headers })).text
  try {
    const where = ['X-Callable', 'where'] as const
    expect(await ask(where)).toBe('a main')
    expect(await ask(where, ['X-Interpreter', 'blog'])).toBe('a blog')
    expect(await ask(where, ['X-Interpreter', ''])).toBe('a main')
    expect(await ask(where, ['X-Group', 'b'])).toBe('b main')
    for (const name of ['nobody', 'main'])
      expect(await ask(where, ['X-Interpreter', name])).toBe(ERROR)
    expect(await ask(where, ['X-Group', 'b'], ['X-Interpreter', 'blog'])).toBe(ERROR)
  } finally {
    await front.stop()
    await app.stop()
  }
})

test('a script that is not there is refused', () => {
  const apps = { shop: { target: 'app.py', dispatch: 'missing.py' } }
  const context = { cwd: project.folder, environment: {} }
  expect(messageOf(() => resolveConfigPlan({ apps }, context))).toMatch(
    /^apps\.shop\.dispatch: .*missing\.py/,
  )
})
