import { afterAll, describe, expect, test } from 'vitest'

import type { AppOptions } from '../../src/index.ts'
import { dividePlan } from '../../src/server/divide-plan.ts'
import { loadRouteFunctions } from '../../src/server/load-route-functions.ts'
import { resolveConfigPlan } from '../../src/server/load-plan.ts'
import { createServer } from '../../src/server/create-server.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { messageOf } from '../support/message-of.ts'
import { createProject } from '../support/project.ts'

const project = createProject({
  'auth.py': '',
  'site/x.py': '',
  'files/private/a.txt': '',
  'taipan.config.js': `export default { routes: [
    { path: '/', static: '.' },
    { path: '/a', static: '.', access: () => true, auth: { realm: 'x', checkPassword: () => true } },
  ] }`,
})
afterAll(() => project[Symbol.dispose]())

const AUTH = { realm: 'staff', script: 'auth.py' }

type RouteOptions = NonNullable<AppOptions['routes']>[number]

function plan(options: AppOptions) {
  return resolveConfigPlan(options, { cwd: project.folder, environment: {} })
}

function problemOf(routes: RouteOptions[]): string {
  return messageOf(() => plan({ routes })).replaceAll(project.folder, '')
}

describe('scripts of routes', () => {
  test('are applications of the group of their route, each file once', () => {
    const { groups, routes } = plan({
      groups: { one: {}, two: {} },
      apps: { shop: { target: 'shop:app', group: 'two' } },
      routes: [
        { path: '/files', static: '.', auth: AUTH, access: 'auth.py' },
        { path: '/shop', app: 'shop', auth: { ...AUTH, require: { group: 'staff' } } },
        { path: '/x', static: '.', auth: { ...AUTH, group: 'two', type: 'digest' } },
        { path: '/site', scripts: 'site', group: 'two', isolation: 'process', auth: AUTH },
        { path: '/open', static: '.' },
      ],
    })
    const guards = groups.map(({ group }) => [
      group.name,
      group.applications.flatMap((one) => (one.kind === 'guard' ? [one.functions] : [])),
    ])
    expect(guards).toEqual([
      ['one', [['allow_access', 'check_password']]],
      ['two', [['check_password', 'groups_for_user', 'get_realm_hash']]],
      ['two:process', []],
    ])
    const source = { kind: 'script', application: 'auth.py (two)', group: 'two' }
    const first = { ...source, application: 'auth.py', group: 'one' }
    expect(routes.map(({ guard }) => guard?.auth?.source)).toEqual([
      first,
      source,
      source,
      source,
      undefined,
    ])
    expect(routes[0]?.guard?.access).toEqual(first)
  })

  test('do not make an application answer at / that has no route', () => {
    const { routes, warnings } = plan({ routes: [{ path: '/', static: 'site', auth: AUTH }] })
    expect(routes).toHaveLength(1)
    expect(warnings).toEqual([])
  })
})

describe('a warning tells of', () => {
  const warningsOf = (routes: RouteOptions[]) =>
    plan({ routes }).warnings.map((warning) => warning.replaceAll(project.folder, ''))
  const guarded = { path: '/private', static: 'files/private', auth: AUTH }

  test('a folder that can be had without its checks', () => {
    const door = (url: string) =>
      `routes[0]: ${url} leads into /files/private without the checks of routes[1]; move that folder out of `
    expect(warningsOf([{ path: '/', static: 'files' }, guarded])).toEqual([])
    expect(warningsOf([{ path: '/f', static: 'files' }, guarded])).toEqual([
      `${door('/f/private')}/files`,
    ])
    expect(warningsOf([{ path: '/x', scripts: 'files/private' }, guarded])).toEqual([
      `${door('/x/')}/files/private`,
    ])
    expect(
      warningsOf([
        { path: '/', static: 'files' },
        { ...guarded, method: 'GET' },
      ]),
    ).toEqual([`${door('/private')}/files`])
    expect(
      warningsOf([
        { path: '/f', host: 'a.test', static: 'files' },
        { ...guarded, host: 'b.test' },
      ]),
    ).toEqual([])
    expect(warningsOf([{ path: '/f', static: 'files', access: 'auth.py' }, guarded])).toEqual([])
    expect(warningsOf([{ path: '/f', static: 'site' }, guarded])).toEqual([])
  })

  test('a script that can be had', () => {
    const routes = [
      { path: '/f', static: '.' },
      { ...guarded, static: 'site' },
    ]
    expect(warningsOf(routes)[1]).toBe(
      'routes[0]: /f/auth.py is auth.py, which says who may come in; move it out of ',
    )
  })
})

test.each<readonly [string, RouteOptions, string]>([
  ['no realm', { auth: { script: 'auth.py' } }, 'routes[0].auth.realm: is missing'],
  ['a realm with marks', { auth: { ...AUTH, realm: 'a "b"' } }, 'without quotation marks'],
  ['no such file', { auth: { ...AUTH, script: 'no.py' } }, 'auth.script: file /no.py does not'],
  ['a folder', { access: 'site' }, 'routes[0].access: /site is not a file'],
  ['nobody to ask', { auth: { realm: 'x' } }, 'routes[0].auth: says nothing of users'],
  ['two to ask', { auth: { ...AUTH, checkPassword: () => true } }, 'both script and checkPassword'],
  [
    'the function of the other type',
    { auth: { realm: 'x', type: 'digest', checkPassword: () => true } },
    'routes[0].auth.getRealmHash: is missing',
  ],
  [
    'no function for groups',
    { auth: { realm: 'x', checkPassword: () => true, require: { group: 'a' } } },
    'routes[0].auth.groupsForUser: is missing',
  ],
  ['an algorithm for basic', { auth: { ...AUTH, algorithm: 'MD5' } }, 'auth.algorithm: belongs to'],
  [
    'no algorithm',
    { auth: { ...AUTH, type: 'digest', algorithm: [] } },
    'auth.algorithm: expected',
  ],
  ['a group that is not there', { auth: { ...AUTH, group: 'wb' } }, 'no group "wb". Did you mean'],
  [
    'an empty list of users',
    { auth: { ...AUTH, require: { user: [], group: [] } } },
    'auth.require: names nobody',
  ],
  ['nobody required', { auth: { ...AUTH, require: {} } }, 'auth.require: names nobody'],
])('%s is a problem', (_, more, expected) => {
  expect(problemOf([{ path: '/', static: '.', ...more }])).toContain(expected)
})

test('values of other types are problems', () => {
  const routes = JSON.parse(
    '[{"static": ".", "access": 1, "auth": {"type": "ntlm", "realm": 1, "checkPassword": "x"}}]',
  )
  const problem = problemOf(routes)
  expect(problem).toContain('routes[0].access: expected a file, or a function, found 1')
  expect(problem).toContain('routes[0].auth.type: expected "basic" or "digest", found "ntlm"')
  expect(problem).toContain('routes[0].auth.checkPassword: expected a function, found "x"')
})

describe('functions', () => {
  const routes = [{ path: '/a', static: '.', access: () => true }]

  test('are left out of the plan for another process, which reads them from the file', async () => {
    const whole = plan({ routes: [{ path: '/', static: '.' }, ...routes] })
    expect([...whole.routeFunctions.keys()]).toEqual([1])
    const part = dividePlan(whole, 2)
    expect(part.routeFunctions.size).toBe(0)
    const configFile = project.path('taipan.config.js')
    const load = async (changes: object) =>
      (await loadRouteFunctions({ ...part, ...changes })).routeFunctions
    const found = await load({ configFile })
    expect(found.get(1)?.access).toBeTypeOf('function')
    expect(found.get(1)?.auth.checkPassword).toBeTypeOf('function')
    expect(found.get(1)?.interpreterMap).toBeUndefined()
    expect((await load({ configFile: undefined })).size).toBe(0)
    expect((await load({ configFile, routes: [] })).size).toBe(0)
  })

  test('need a configuration file where Python runs in other processes of Node', async () => {
    const logger = createLogger({
      level: 'silent',
      format: 'pretty',
      destination: 2,
      colors: false,
    })
    const settings = {
      level: 'silent',
      format: 'pretty',
      colors: false,
      to: 'stderr',
      access: undefined,
    } as const
    const apps = { shop: { target: 'shop:app' } }
    const embedded = plan({ apps, engine: 'embedded', routes })
    await expect(
      createServer(embedded, { logger, accessLog: undefined, settings, inProcess: false }),
    ).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('use a script, a configuration file, or'),
    })
    await logger.close()
  })
})
