import { expect, test } from 'vitest'

import { validateConfig } from '../../src/server/config/validate.ts'
import { resolveConfigPlan } from '../../src/server/load-plan.ts'
import type { TaipanConfig } from '../../src/server/options/schema.ts'
import { messageOf } from '../support/message-of.ts'
import { createProject } from '../support/project.ts'

function plan(config: TaipanConfig, cwd = '/') {
  return resolveConfigPlan(config, { cwd, environment: {} })
}

test('routes for peers need no Python, and an address on this machine', () => {
  const { groups, routes, lrwp } = plan({
    routes: [
      { path: '/peers', lrwp: true },
      { path: '/calc', lrwp: 'calc', fallthrough: true },
    ],
  })
  expect(groups).toEqual([])
  expect(routes.map(({ answerer }) => answerer.plan)).toEqual([
    { name: undefined, fallthrough: false },
    { name: 'calc', fallthrough: true },
  ])
  expect(lrwp).toMatchObject({
    addresses: [{ kind: 'tcp', host: '127.0.0.1', port: 1081 }],
    allow: ['127.0.0.0/8', '::1'],
    queue: { limit: 1000, timeout: 60_000 },
    timeouts: { request: 60_000, registration: 10_000 },
  })
})

test('without a route for peers there is no address for them', () => {
  expect(plan({ routes: [{ path: '/a', redirect: '/b' }] }).lrwp).toBeUndefined()
})

test('an address without a route makes one, before what else answers there', () => {
  using project = createProject({ 'app.py': '', 'public/x': '' })
  const lrwp = { bind: ['8001', 'unix:peers.sock'] }
  const alone = plan({ lrwp, mount: undefined })
  expect(alone.routes).toMatchObject([
    { path: '/', answerer: { kind: 'lrwp', plan: { name: undefined, fallthrough: false } } },
  ])
  const { routes, lrwp: resolved } = plan(
    { app: 'app.py', rootPath: '/site', static: { '/site/public': 'public' }, lrwp },
    project.folder,
  )
  expect(resolved?.addresses).toEqual([
    { kind: 'tcp', host: '127.0.0.1', port: 8001 },
    { kind: 'unix', path: `${project.folder}/peers.sock` },
  ])
  expect(routes).toMatchObject([
    { path: '/site', answerer: { kind: 'lrwp', plan: { fallthrough: true } } },
    { path: '/site/public', answerer: { kind: 'static' } },
    { path: '/site', answerer: { kind: 'app' } },
  ])
  const own = plan({ routes: [{ path: '/peers', lrwp: true }], lrwp })
  expect(own.routes.map(({ path }) => path)).toEqual(['/peers'])
})

const routes = [{ path: '/', lrwp: true as const }]

test.each<[string, TaipanConfig['lrwp'], RegExp]>([
  ['an address', { bind: 'nowhere' }, /lrwp\.bind: "nowhere" is not an address/],
  [
    'no protocol',
    { bind: 'scgi://127.0.0.1:1' },
    /lrwp\.bind: .* without the scheme: 127\.0\.0\.1:1$/,
  ],
  [
    'no scheme',
    { bind: 'tcp://127.0.0.1:1' },
    /lrwp\.bind: .* without the scheme: 127\.0\.0\.1:1$/,
  ],
  ['networks', { allow: ['10.0.0.0/33'] }, /lrwp\.allow: expected a network like/],
  ['networks', { allow: ['example.org'] }, /lrwp\.allow: expected a network like/],
  ['passphrases', { passphrases: { calc: '' } }, /lrwp\.passphrases\.calc: expected a text that/],
  ['names', { passphrases: { 'a b': 'x' } }, /lrwp\.passphrases\["a b"\]: peers have names of up/],
  ['names', { passphrases: { '/': 'x' } }, /passphrases.*peers have names of up to 200 bytes/],
  ['names', { passphrases: { ['ä'.repeat(101)]: 'x' } }, /peers have names of up to 200 bytes/],
  ['one of each', { passphrases: { calc: 'x', '/CALC/': 'y' } }, /is the same name as "calc"/],
  ['a short time', { timeouts: { registration: '31s' } }, /expected a duration from 1ms to 30s/],
  ['a time that ends', { timeouts: { registration: 0 } }, /expected a duration from 1ms to 30s/],
])('the section needs %s', (_what, lrwp, message) => {
  expect(messageOf(() => plan({ routes, lrwp }))).toMatch(message)
})

/** The message about a configuration that has no types. */
function messageAbout(value: unknown): string {
  return messageOf(() => validateConfig({ value, sources: new Map() }))
}

test.each([
  { passphrases: { calc: ['open sesame'] } },
  { passphrases: 'open sesame' },
  { passphrase: { calc: 'open sesame' } },
])('passphrases stay secret: %j', (lrwp) => {
  expect(messageAbout({ routes, lrwp })).toMatch(/^lrwp\.passphrase(?!.*sesame)/s)
})

test('a route needs true or a name', () => {
  expect(messageAbout({ routes: [{ path: '/', lrwp: false }] })).toMatch(
    /routes\[0\]\.lrwp: expected true, or the name of an application/,
  )
})
