import { expect, test } from 'vitest'
import type { TaipanConfig } from '../../src/index.ts'
import { resolveLibraryPlan } from '../../src/server/library-plan.ts'

type Route = NonNullable<TaipanConfig['routes']>[number]

function resolve(upstream: Route['upstream']) {
  const { plan } = resolveLibraryPlan({ routes: [{ path: '/', upstream }], dev: true })
  const [route] = plan.routes
  if (route?.answerer.kind !== 'upstream') throw new Error('no upstream')
  return { program: route.answerer.plan.program, watched: plan.watched.folders }
}

test('a program gets what is usual', () => {
  const { program, watched } = resolve({ spawn: ['python3', 'app.fcgi'], protocol: 'fastcgi' })
  expect(program).toEqual({
    name: 'app.fcgi',
    words: ['python3', 'app.fcgi'],
    protocol: 'fastcgi',
    listening: 'inherited',
    directory: process.cwd(),
    environment: {},
    processes: 1,
    startup: { ms: 60_000, name: 'routes[0].upstream.timeouts.startup' },
  })
  expect(watched).toEqual([process.cwd()])
})

test('a program gets what is given', () => {
  const { program } = resolve({
    spawn: 'served',
    protocol: 'scgi',
    directory: '/srv',
    env: { A: 'b' },
    processes: 3,
    timeouts: { startup: '2s' },
  })
  const given = { name: 'served', directory: '/srv', environment: { A: 'b' }, processes: 3 }
  expect(program).toMatchObject({ ...given, startup: { ms: 2000 } })
})

test('a program has limits if some are given', () => {
  const words = { spawn: ['a', '{socket}'], protocol: 'scgi' as const, processes: 3 }
  expect(resolve(words).program?.limits).toBeUndefined()
  const { program } = resolve({
    ...words,
    maximumRequests: 9,
    restartInterval: '1h',
    memoryLimit: { soft: '1mb' },
    cpuTimeLimit: '90s',
  })
  expect(program?.limits).toEqual({
    maximumRequests: 9,
    maximumRequestsJitter: 0,
    restartInterval: 3_600_000,
    restartIntervalJitter: 0,
    memoryLimit: { soft: 1024 ** 2 },
    watchedCpuTime: 90_000,
  })
})

test.each<[Route['upstream'], string]>([
  [
    { spawn: ['a'], protocol: 'scgi', processes: 2, restartInterval: '1h' },
    'routes[0].upstream.restartInterval: needs a place for each of the 2 processes',
  ],
  [
    { urls: 'scgi://127.0.0.1:1', maximumRequests: 9 },
    'routes[0].upstream.maximumRequests: needs spawn, a program and its arguments',
  ],
  [{ spawn: ['a'] }, 'routes[0].upstream: needs protocol, what the program speaks: fastcgi,'],
  [
    { spawn: ['a'], protocol: 'scgi', urls: 'scgi://127.0.0.1:1' },
    'routes[0].upstream: has urls and spawn; a spawned program gets its address from Taipan',
  ],
  [
    { spawn: ['a'], protocol: 'http' },
    'routes[0].upstream.spawn: does not say where the program shall listen: write {socket} where',
  ],
  [{ spawn: [], protocol: 'scgi' }, 'routes[0].upstream.spawn: names no program'],
  [
    { spawn: 'node  app.js {port}', protocol: 'http' },
    'routes[0].upstream.spawn: needs each argument by itself: ["node","app.js","{port}"]',
  ],
  [
    { spawn: ['a', 'b\0c'], protocol: 'scgi' },
    'routes[0].upstream.spawn: has a NUL, which no argument can have',
  ],
  [
    { spawn: ['a', '{socket}', '{port}'], protocol: 'scgi' },
    'routes[0].upstream.spawn: says {socket} and {port}; a program listens at one of them',
  ],
  [
    { urls: 'scgi://127.0.0.1:1', processes: 2 },
    'routes[0].upstream.processes: needs spawn, a program and its arguments',
  ],
  [{}, 'routes[0].upstream: names no address; give urls, as in {'],
])('%j is refused', (upstream, message) => {
  expect(() => resolve(upstream)).toThrow(message)
})
