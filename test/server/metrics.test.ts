import { describe, expect, test } from 'vitest'

import { createServer } from '../../src/server/create-server.ts'
import type { TaipanConfig } from '../../src/index.ts'
import { resolveLibraryPlan } from '../../src/server/library-plan.ts'
import type { ManagedServer } from '../../src/server/managed-server.ts'
import { openLogs } from '../../src/server/open-logs.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject, type Project } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'

const ENGINES = ['daemon', 'embedded'] as const
const APP = `
import os
def application(environ, start_response):
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/leave":
        os._exit(3)
    start_response("201 Created", [("Content-Type", "text/plain")])
    return [b"x" * 1000]
`

async function start(project: Project, more: Partial<TaipanConfig>): Promise<ManagedServer> {
  const { plan, settings } = resolveLibraryPlan({
    apps: { shop: { target: `${project.folder}/app.py:application` } },
    routes: [
      { path: '/shop', app: 'shop' },
      { host: 'b.test', path: '/old', redirect: '/shop' },
    ],
    bind: '127.0.0.1:0',
    metrics: 'http://127.0.0.1:0/m',
    log: { level: 'silent' },
    ...more,
  })
  const logs = await openLogs(settings)
  const server = await createServer(plan, { ...logs, settings, inProcess: false })
  await server.start()
  return server
}

/** The values of all series, by name with labels in their order. */
async function read(server: ManagedServer): Promise<Map<string, number>> {
  const answer = await fetch(server.metricsUrl ?? '', { signal: AbortSignal.timeout(DEADLINE) })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toContain('version=0.0.4')
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && line[0] !== '#')
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [sortLabels(line.slice(0, at)), Number(line.slice(at + 1))] as const
    }),
  )
}

function sortLabels(name: string): string {
  return name.replace(/\{(.*)\}/, (_all, labels: string) => {
    const sorted = labels.match(/\w+="[^"]*"/g)?.toSorted() ?? []
    return `{${sorted.join(',')}}`
  })
}

/** Waits until a series has a value. */
async function waitFor(server: ManagedServer, name: string, value: number): Promise<void> {
  await expect
    .poll(async () => (await read(server)).get(sortLabels(name)), { timeout: DEADLINE })
    .toBe(value)
}

test.each(ENGINES)('requests are counted by route, status and application, %s', async (engine) => {
  using project = createProject({ 'app.py': APP })
  await using server = await start(project, { engine, processes: 2, threads: 1 })
  const [url = ''] = server.urls
  for (let number = 0; number < 6; number += 1)
    await fetchRaw(url, { target: `/shop/${number}`, method: 'POST', body: 'ten bytes!' })
  await fetchRaw(url, { target: '/old', headers: [['Host', 'b.test']] })
  await fetchRaw(url, { target: '/nothing', method: 'PROPFIND' })
  const labels = 'route="/shop",app="shop"'
  await waitFor(server, `taipan_requests_total{method="POST",status="201",${labels}}`, 6)
  await waitFor(server, 'taipan_requests_total{method="other",status="404",route="none",app=""}', 1)
  const found = await read(server)
  expect([...found.keys()].find((name) => name.includes('b.test/old'))).toMatch(
    /app="redirect",method="GET",route="b\.test\/old",status="30\d"/,
  )
  expect(found.get(sortLabels(`taipan_request_bytes_total{${labels}}`))).toBe(60)
  expect(found.get(sortLabels(`taipan_response_bytes_total{${labels}}`))).toBe(6000)
  for (const what of ['duration', 'queue', 'python']) {
    expect(found.get(sortLabels(`taipan_request_${what}_seconds_count{${labels}}`))).toBe(6)
    expect(
      found.get(sortLabels(`taipan_request_${what}_seconds_bucket{le="+Inf",${labels}}`)),
    ).toBe(6)
  }
  const [group] = Object.keys(server.findings)
  expect(found.get(sortLabels(`taipan_workers{group="${group}",state="ready"}`))).toBe(2)
  expect(found.get(sortLabels(`taipan_workers_memory_bytes{group="${group}"}`))).toBeGreaterThan(
    1e6,
  )
  expect(found.get(sortLabels(`taipan_queue_length{group="${group}"}`))).toBe(0)
  expect([...found.keys()].some((name) => name.startsWith('nodejs_eventloop_lag'))).toBe(true)
  const paths = [...found.keys()].filter(
    (name) => name.includes('/shop/') || name.includes('PROPFIND'),
  )
  expect(paths).toEqual([])
})

test('what embedded Python has counted outlasts its processes', async () => {
  using project = createProject({ 'app.py': APP })
  await using server = await start(project, { engine: 'embedded', processes: 2, threads: 1 })
  const [url = ''] = server.urls
  const labels = 'route="/shop",app="shop"'
  const requests = `taipan_requests_total{method="GET",status="201",${labels}}`
  const count = sortLabels(`taipan_request_duration_seconds_count{${labels}}`)
  for (let number = 1; number <= 6; number += 1) {
    await fetchRaw(url, '/shop')
    await waitFor(server, requests, number)
    if (number % 2 === 0) await server.reload()
  }
  const found = await read(server)
  expect([found.get(sortLabels(requests)), found.get(count)]).toEqual([6, 6])
  const [group] = Object.keys(server.findings)
  await waitFor(server, `taipan_workers{group="${group}",state="ready"}`, 2)
})

test('processes that were replaced are counted by reason', async () => {
  using project = createProject({ 'app.py': APP })
  await using server = await start(project, { threads: 1 })
  const [url = ''] = server.urls
  expect((await fetchRaw(url, '/shop/leave')).status).toBe(502)
  const [group] = Object.keys(server.findings)
  await waitFor(server, `taipan_worker_restarts_total{group="${group}",reason="crash"}`, 1)
})

test('probes are at the address of metrics, and nothing that changes anything', async () => {
  using project = createProject({ 'app.py': APP })
  await using server = await start(project, {})
  const base = (server.metricsUrl ?? '').replace(/\/m$/, '')
  expect((await fetchRaw(base, '/health')).status).toBe(200)
  expect((await fetchRaw(base, '/ready')).status).toBe(200)
  expect((await fetchRaw(base, { target: '/m', method: 'POST' })).status).toBe(405)
  for (const target of ['/stop', '/reload', '/status', '/'])
    expect((await fetchRaw(base, { target, method: 'POST' })).status).toBe(404)
})

test('metrics are at a path of the control address', async () => {
  using project = createProject({ 'app.py': APP })
  const control = { bind: '127.0.0.1:0', token: 'secret' }
  await using server = await start(project, { control, metrics: '/metrics' })
  const host = ['Host', 'localhost'] as const
  const headers = [host, ['Authorization', 'Bearer secret']] as const
  const url = server.controlUrl ?? ''
  const answer = await fetchRaw(url, { target: '/metrics', headers })
  expect(answer.text).toContain('# TYPE taipan_workers gauge')
  expect((await fetchRaw(url, { target: '/metrics', headers: [host] })).status).toBe(401)
  const description = await fetchRaw(url, { target: '/openapi.json', headers })
  expect(description.text).toContain('"/metrics"')
})

describe('a place for metrics is refused', () => {
  test.each([
    ['/metrics', /metrics: .*at the control address, and there is none/],
    ['metrics', /expected a path like "\/metrics"/],
    ['http://127.0.0.1/m', /the port is missing/],
    ['http://127.0.0.1:9/ready', /\/ready is something else there/],
    ['https://127.0.0.1:9/m', /expected a path like/],
  ])('%s', (metrics, message) => {
    expect(() => resolveLibraryPlan({ app: 'shop:app', metrics })).toThrow(message)
  })
})

test.each([
  ['http://0.0.0.0:9100/m', 1],
  ['http://[::]:9100/m', 1],
  ['http://metrics.internal:9100/m', 1],
  ['http://127.0.0.1:9100/m', 0],
  ['http://localhost:9100/m', 0],
  ['http://[::1]:9100/m', 0],
])('whether other machines can read %s is said', (metrics, count) => {
  const { warnings } = resolveLibraryPlan({ app: 'shop:app', metrics }).plan
  const found = warnings.filter((text) => text.startsWith(`metrics: "${metrics}" can be read by`))
  expect(found).toHaveLength(count)
})

test('with dev, developer tools are told how long a response took', async () => {
  using project = createProject({ 'app.py': APP })
  await using server = await start(project, { dev: true })
  const answer = await fetchRaw(server.urls[0] ?? '', '/shop')
  expect(answer.header('server-timing')).toMatch(
    /^queue;dur=\d+\.\d, app;dur=\d+\.\d, total;dur=\d+\.\d$/,
  )
})
