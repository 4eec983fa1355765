import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT, startTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { isAlive, waitFor } from '../support/replicas.ts'
import { serveProgram, startLoad } from '../upstreams/spawned/support/site.ts'
import { PYTHON } from './support/site.ts'

const module = (name: string, ...words: readonly string[]): string[] => [
  PYTHON,
  '-m',
  name,
  ...words,
]
const WSGI = 'gateway_lab:application'
const ASGI = 'gateway_lab_asgi:application'

const SERVERS: readonly (readonly [string, string[]])[] = [
  ['gunicorn at a socket', module('gunicorn', '--bind=unix:{socket}', WSGI)],
  ['gunicorn at a port', module('gunicorn', '--bind=127.0.0.1:{port}', WSGI)],
  ['gunicorn at the inherited socket', module('gunicorn', '--bind=fd://{fd}', WSGI)],
  ['uvicorn at a socket', module('uvicorn', '--uds={socket}', ASGI)],
  ['uvicorn at a port', module('uvicorn', '--port={port}', ASGI)],
  ['uvicorn at the inherited socket', module('uvicorn', '--fd={fd}', ASGI)],
  [
    'Twisted at a port',
    module(
      'twisted',
      'web',
      '--listen',
      'tcp:{port}:interface=127.0.0.1',
      '--wsgi',
      'gateway_lab.application',
    ),
  ],
]

describe.skipIf(!existsSync(PYTHON))('servers that are spawned', () => {
  test.each(SERVERS)('%s', async (_, spawn) => {
    await using site = await serveProgram({ spawn, protocol: 'http' })
    const body = Buffer.alloc(100_000, 'abc')
    const told: unknown = await (await site.ask('/echo?a=1', { method: 'POST', body })).json()
    expect(told).toMatchObject({ query: 'a=1', size: 100_000 })
    const large = await site.ask('/large')
    expect((await large.arrayBuffer()).byteLength).toBe(3_000_000)
  })

  test('a reload of them loses nothing', async () => {
    const spawn = module('gunicorn', '--bind=unix:{socket}', '--threads=4', WSGI)
    await using site = await serveProgram({ spawn, protocol: 'http', processes: 2 })
    const load = startLoad(() => site.ask('/late?seconds=0.01'), 8)
    const pid = await site.findPid()
    await site.server.reload()
    await waitFor(() => !isAlive(pid), 'end of the old ones')
    expect(Object.keys(await load.end())).toEqual(['200'])
  })

  test('the example with Twisted tells its readers at once', async () => {
    const PATH = `${dirname(PYTHON)}:${process.env['PATH']}`
    const cwd = join(ROOT, 'examples/twisted')
    await using taipan = await startTaipan(['-b', '127.0.0.1:0'], { cwd, env: { PATH } })
    const options = { signal: AbortSignal.timeout(DEADLINE) }
    const events = await fetch(`${taipan.url}/notes`, options)
    const body = new URLSearchParams({ note: 'a <new> note' })
    const answer = await fetch(taipan.url, { method: 'POST', body, ...options })
    expect(await answer.text()).toContain('<li>a &lt;new&gt; note</li>')
    let text = ''
    for await (const piece of events.body ?? []) {
      text += Buffer.from(piece).toString()
      if (text.includes('note')) break
    }
    expect(text).toBe(': welcome\n\ndata: a <new> note\n\n')
  })
})
