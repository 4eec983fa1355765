import { readdirSync, readlinkSync, rmSync, truncateSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { serve, type ServeOptions } from '../../src/index.ts'
import { ProtocolStatus, Role } from '../../src/wire/fastcgi/bodies.ts'
import { RecordDecoder, RecordType } from '../../src/wire/fastcgi/records.ts'
import { PYTHON } from '../applications/support/site.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { describePeer } from '../support/peers/describe-peer.ts'
import { nodeFastcgi } from '../support/peers/programs.ts'
import { createProject, type Project } from '../support/project.ts'
import { fetchRaw, openRaw } from '../support/raw-client.ts'
import { formatAnswer, formatEndRecord, startFastCgiPeer } from './support/fastcgi-peer.ts'
import { startRawPeer } from './support/raw-peer.ts'

const FILES = {
  'a.html': 'a page',
  'empty.html': '',
  'large.html': 'x'.repeat(300_000),
  'picture.png': 'png',
}
const HUGE_BYTES = 32 * 1024 * 1024

type UpstreamOptions = Exclude<NonNullable<ServeOptions['routes']>[number]['upstream'], string>

async function serveFiltered(urls: string | string[], folder: string, more: UpstreamOptions = {}) {
  const upstream = { urls, role: 'filter', ...more } as const
  const server = await serve({
    routes: [{ path: '/f', upstream, root: folder, split: '.html' }],
    bind: '127.0.0.1:0',
    log: { level: 'silent' },
  })
  const [url = ''] = server.urls
  return {
    url,
    ask: async (target: string, request = {}) => await fetchRaw(url, { target, ...request }),
    [Symbol.asyncDispose]: async () => await server.stop(),
  }
}

function createHuge(): Project {
  const project = createProject({ 'huge.html': '', 'a.html': 'a page' })
  truncateSync(project.path('huge.html'), HUGE_BYTES)
  return project
}

describePeer(nodeFastcgi, { protocol: 'fastcgi' }, (current) => {
  test('a filter answers with what it makes of files', async () => {
    using project = createProject(FILES)
    await using gateway = await serveFiltered(current().place.url, project.folder)
    expect(await gateway.ask('/f/a.html')).toMatchObject({ status: 200, text: 'A PAGE' })
    const large = await gateway.ask('/f/large.html')
    expect(large.text).toBe('X'.repeat(300_000))
    expect(await gateway.ask('/f/picture.png')).toMatchObject({ status: 200, text: 'png' })
    expect((await gateway.ask('/f/none.html')).status).toBe(404)
  })
})

const UPPER = `
def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("X-Modified", environ["FCGI_DATA_LAST_MOD"])])
    file = environ["fcgi.data"]
    yield body
    while piece := file.read(50_000):
        yield piece.upper()
`

describe("Taipan's own door", () => {
  for (const multiplex of [false, 'auto'] as const)
    test(`an application is a filter, multiplex: ${multiplex}`, async () => {
      using project = createProject({ ...FILES, 'upper.py': UPPER })
      const door = await serve({
        app: project.path('upper.py:app'),
        bind: 'fastcgi://127.0.0.1:0',
        python: PYTHON,
        log: { level: 'silent' },
      })
      {
        await using gateway = await serveFiltered(door.urls[0] ?? '', project.folder, { multiplex })
        // By then it is known whether connections take several.
        for (let at = 0; at < 5; at += 1)
          expect(await gateway.ask('/f/a.html')).toMatchObject({ status: 200, text: 'A PAGE' })
        const requests = [...Array(12).keys()].map(async (at) => {
          const body = `${at}`.repeat(100_000)
          const answer = await gateway.ask('/f/large.html', { method: 'POST', body })
          expect(answer.status).toBe(200)
          expect(answer.text === body + 'X'.repeat(300_000)).toBe(true)
        })
        await Promise.all(requests)
        expect(await gateway.ask('/f/empty.html')).toMatchObject({ status: 200, text: '' })
      }
      await door.stop()
    })
})

test('a filter gets the file behind the body, and is told of it', async () => {
  using project = createProject(FILES)
  await using peer = await startFastCgiPeer(({ socket }) => socket.write(formatAnswer('seen')), {
    waitsForFile: true,
  })
  await using gateway = await serveFiltered(peer.url, project.folder)
  await gateway.ask('/f/a.html', { method: 'POST', body: 'abc' })
  await gateway.ask('/f/empty.html')
  const [first, second] = peer.requests
  expect(first).toMatchObject({ role: Role.FILTER, body: 'abc', file: 'a page' })
  expect(first?.variables.get('FCGI_DATA_LENGTH')).toBe('6')
  expect(first?.variables.get('FCGI_DATA_LAST_MOD')).toMatch(/^\d{10}$/)
  expect(second).toMatchObject({ body: '', file: '' })
  expect(second?.variables.get('FCGI_DATA_LENGTH')).toBe('0')
})

test('the next address gets the whole file, too', async () => {
  using project = createProject(FILES)
  const answer = { waitsForFile: true }
  await using overloaded = await startFastCgiPeer(
    ({ socket }) => socket.write(formatEndRecord(ProtocolStatus.OVERLOADED)),
    answer,
  )
  await using good = await startFastCgiPeer(
    ({ socket, file }) => socket.write(formatAnswer(`${file.length} bytes`)),
    answer,
  )
  await using gateway = await serveFiltered([overloaded.url, good.url], project.folder)
  for (let at = 0; at < 4; at += 1)
    expect(await gateway.ask('/f/large.html')).toMatchObject({ status: 200, text: '300000 bytes' })
  expect(overloaded.requests.length).toBeGreaterThan(0)
})

test('a health check has an empty file', async () => {
  using project = createProject(FILES)
  await using peer = await startFastCgiPeer(({ socket }) => socket.write(formatAnswer('fine')), {
    waitsForFile: true,
  })
  const health = { path: '/', interval: '100ms' }
  await using _gateway = await serveFiltered(peer.url, project.folder, { health })
  await expect.poll(() => peer.requests, { timeout: DEADLINE }).not.toEqual([])
  const [asked] = peer.requests
  expect(asked).toMatchObject({ role: Role.FILTER, file: '' })
  expect(asked?.variables.get('FCGI_DATA_LENGTH')).toBe('0')
})

test('a file that becomes shorter fails its own request only', async () => {
  using project = createHuge()
  await using peer = await startRawPeer((socket, first) => {
    if (first.includes('huge.html')) truncateSync(project.path('huge.html'), 10)
    else socket.end(formatAnswer('fine'))
  })
  const url = `fastcgi://127.0.0.1:${peer.port}`
  await using gateway = await serveFiltered(url, project.folder)
  const [huge, small] = await Promise.all([gateway.ask('/f/huge.html'), gateway.ask('/f/a.html')])
  expect(huge.status).toBe(500)
  expect(small).toMatchObject({ status: 200, text: 'fine' })
})

test('a file that is removed while it is sent arrives whole', async () => {
  using project = createHuge()
  await using peer = await startRawPeer((socket, first) => {
    rmSync(project.path('huge.html'))
    let bytes = 0
    const decoder = new RecordDecoder(
      {
        onRecord({ type, length }, _chunk, start, end) {
          if (type !== RecordType.DATA) return
          bytes += end - start
          if (length === 0) socket.write(formatAnswer(`${bytes} bytes`))
        },
      },
      'UPSTREAM_FAILED',
    )
    decoder.push(first)
    socket.on('data', (chunk: Buffer) => decoder.push(chunk))
  })
  await using gateway = await serveFiltered(`fastcgi://127.0.0.1:${peer.port}`, project.folder)
  const answer = await gateway.ask('/f/huge.html')
  expect(answer).toMatchObject({ status: 200, text: `${HUGE_BYTES} bytes` })
  expect((await gateway.ask('/f/huge.html')).status).toBe(404)
})

test('a file is closed when its client leaves', async () => {
  using project = createHuge()
  await using peer = await startRawPeer((socket) => socket.pause())
  await using gateway = await serveFiltered(`fastcgi://127.0.0.1:${peer.port}`, project.folder)
  const count = (): number => countOpen(project.path('huge.html'))
  const client = await openRaw(gateway.url)
  client.send('GET /f/huge.html HTTP/1.1\r\nHost: a\r\n\r\n')
  await expect.poll(count, { timeout: DEADLINE }).toBe(1)
  client.socket.destroy()
  await expect.poll(count, { timeout: DEADLINE }).toBe(0)
})

test('a filter speaks FastCGI and has files', async () => {
  const wrong = [
    [{ urls: 'scgi://127.0.0.1:1', role: 'filter' }, '/', /role.*one of FastCGI/s],
    [{ urls: 'http://127.0.0.1:1', role: 'filter' }, undefined, /role.*one of FastCGI/s],
    [{ urls: 'fastcgi://127.0.0.1:1', role: 'filter' }, undefined, /role.*needs root/s],
  ] as const
  for (const [upstream, root, message] of wrong)
    await expect(serve({ routes: [{ path: '/', upstream, root }] })).rejects.toThrow(message)
})

function countOpen(path: string): number {
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path
    } catch {
      return false
    }
  }).length
}
