import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'

const REGISTER = fileURLToPath(new URL('../fixtures/telemetry/register.mjs', import.meta.url))
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'
const APP = `
def application(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise ValueError("no")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ.get("HTTP_TRACEPARENT", "").encode()]
`

/** Takes what exporters send by OTLP over HTTP, as JSON. */
class Collector implements AsyncDisposable {
  readonly bodies: Record<'traces' | 'metrics', string> = { traces: '', metrics: '' }
  readonly #server = createServer((request, response) => void this.#take(request, response))

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address: AddressInfo | string | null = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    if (request.url === '/v1/traces') this.bodies.traces += body
    else this.bodies.metrics += body
    response.setHeader('Content-Type', 'application/json').end('{}')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

test.each([
  ['daemon', ['-p', '1']],
  ['embedded', ['-e', 'embedded', '-p', '2']],
])('an SDK of OpenTelemetry gets spans and metrics of requests, %s', async (_engine, args) => {
  using project = createProject({ 'app.py': APP })
  await using collector = new Collector()
  const endpoint = await collector.start()
  await using taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0', ...args], {
    cwd: project.folder,
    env: {
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${REGISTER}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    },
  })
  const headers = [['traceparent', `00-${TRACE}-${PARENT}-01`]] as const
  const answer = await fetchRaw(taipan.url, { target: '/x?q=1', headers })
  const [, trace, own] = /^00-([\da-f]{32})-([\da-f]{16})-01$/.exec(answer.text) ?? []
  expect(trace).toBe(TRACE)
  expect(own).not.toBe(PARENT)
  expect((await fetchRaw(taipan.url, '/fail')).status).toBe(500)
  const { bodies } = collector
  await expect.poll(() => bodies.traces, { timeout: DEADLINE }).toContain(`"spanId":"${own}"`)
  expect(bodies.traces).toContain(`"parentSpanId":"${PARENT}"`)
  expect(bodies.traces).toContain('"name":"GET /"')
  expect(bodies.traces).toContain('{"key":"url.query","value":{"stringValue":"q=1"}}')
  await expect
    .poll(() => bodies.traces, { timeout: DEADLINE })
    .toMatch(/"http\.response\.status_code","value":\{"intValue":500\}/)
  await expect
    .poll(() => bodies.metrics, { timeout: DEADLINE })
    .toContain('"name":"http.server.request.duration"')
})

test('without an SDK the field of the client is passed on', async () => {
  using project = createProject({ 'app.py': APP })
  await using taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0'], { cwd: project.folder })
  const value = `00-${TRACE}-${PARENT}-01`
  const answer = await fetchRaw(taipan.url, { headers: [['traceparent', value]] })
  expect(answer.text).toBe(value)
})
