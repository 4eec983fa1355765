import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LogFields } from '../../../src/core/logger.ts'
import type { Answerer } from '../../../src/pipeline/routes.ts'
import { createStaticAnswerer } from '../../../src/pipeline/static/static-files.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import {
  fetchRaw,
  formatRequest,
  openRaw,
  pollUntil,
  type RawRequest,
} from '../../support/raw-client.ts'
import type { RawResponse } from '../../support/raw-response.ts'
import { servePipeline, type ServedPipeline } from '../support/serve.ts'

const TEXT = '0123456789'.repeat(10)
const SCRIPT = 'console.log("a script that compresses")\n'.repeat(50)
const BIG_BYTES = 200 * 1024 * 1024

let folder = ''
let root = ''
let server: ServedPipeline

const application: Answerer = (exchange, match) => {
  const body = Buffer.from(`application ${exchange.request.method} ${match.pathInfo}`, 'latin1')
  const head = createResponseHead(200, ['Content-Length', String(body.length)])
  exchange.response.send(head, body)
}

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'taipan-static-')))
  root = join(folder, 'public')
  createFiles()
  server = await servePipeline({
    routes: [
      { path: '/static', answer: createStaticAnswerer({ root, cacheControl: 'max-age=3600' }) },
      { path: '/plain', answer: createStaticAnswerer({ root, precompressed: false }) },
      { path: '/noindex', answer: createStaticAnswerer({ root, index: [] }) },
      { path: '/linked', answer: createStaticAnswerer({ root: join(folder, 'current') }) },
      { path: '/app', answer: createStaticAnswerer({ root, fallthrough: true }) },
      { path: '/app', answer: application },
      { path: '/', answer: createStaticAnswerer({ root }) },
    ],
  })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

function createFiles(): void {
  mkdirSync(join(root, 'folder/empty'), { recursive: true })
  mkdirSync(join(root, '.git'))
  mkdirSync(join(root, '.well-known'))
  mkdirSync(join(folder, 'public-secret'))
  const files = {
    'text.txt': TEXT,
    'empty.txt': '',
    'script.js': SCRIPT,
    'script.js.br': brotliCompressSync(SCRIPT),
    'script.js.gz': gzipSync(SCRIPT),
    'style.css': 'body {}',
    'style.css.zst': 'not really zstd',
    'page.html': '<p>page</p>',
    'data.json': '{}',
    'image.png': 'png',
    unknown: 'bytes',
    'a b\u00e9.txt': 'odd name',
    'index.html': '<p>index</p>',
    'folder/index.html': '<p>folder</p>',
    'folder/empty/x.txt': 'x',
    '.env': 'SECRET=1',
    '.git/config': 'secret',
    '.well-known/security.txt': 'Contact: a@example.org',
    '../secret.txt': 'secret',
    '../public-secret/secret.txt': 'secret',
    'forbidden.txt': 'secret',
    'big.json': `{"x": "${'y'.repeat(300_000)}"}`,
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content)
  chmodSync(join(root, 'forbidden.txt'), 0)
  symlinkSync('text.txt', join(root, 'inside.txt'))
  symlinkSync('folder', join(root, 'inside'))
  symlinkSync('../secret.txt', join(root, 'outside.txt'))
  symlinkSync('../public-secret', join(root, 'outside'))
  symlinkSync('/etc', join(root, 'etc'))
  symlinkSync('loop', join(root, 'loop'))
  symlinkSync('nowhere', join(root, 'dangling'))
  symlinkSync('../secret.txt', join(root, 'data.json.gz'))
  symlinkSync('public', join(folder, 'current'))
  execFileSync('mkfifo', [join(root, 'fifo')])
  const big = openSync(join(root, 'huge.bin'), 'w')
  ftruncateSync(big, BIG_BYTES)
  closeSync(big)
}

async function get(
  target: string,
  headers: RawRequest['headers'] = [],
  method = 'GET',
): Promise<RawResponse> {
  return await fetchRaw(server.url, { target, headers, method })
}

/** Open files of the served folder in this process. */
function listOpen(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(root) ? [path] : []
    } catch {
      return []
    }
  })
}

async function waitForClosed(): Promise<void> {
  await pollUntil(() => (listOpen().length === 0 ? true : undefined), 'all files to be closed')
}

describe('a file', () => {
  test('is served with its type, length and validators', async () => {
    const response = await get('/static/text.txt')
    expect(response.status).toBe(200)
    expect(response.text).toBe(TEXT)
    expect(response.header('content-type')).toBe('text/plain; charset=utf-8')
    expect(response.header('content-length')).toBe('100')
    expect(response.header('accept-ranges')).toBe('bytes')
    expect(response.header('cache-control')).toBe('max-age=3600')
    expect(response.header('x-content-type-options')).toBe('nosniff')
    expect(response.header('vary')).toBe('Accept-Encoding')
    expect(response.header('etag')).toMatch(/^"[\w-]+"$/)
    expect(response.header('last-modified')).toMatch(/GMT$/)
  })

  test('has no body for HEAD', async () => {
    const full = await get('/static/text.txt')
    const head = await get('/static/text.txt', [['Range', 'bytes=0-1']], 'HEAD')
    expect(head.status).toBe(200)
    expect(head.body.length).toBe(0)
    expect(head.header('content-length')).toBe('100')
    expect(head.header('etag')).toBe(full.header('etag'))
  })

  test.each([
    ['/static/page.html', 'text/html; charset=utf-8'],
    ['/static/script.js', 'text/javascript; charset=utf-8'],
    ['/static/data.json', 'application/json'],
    ['/static/image.png', 'image/png'],
    ['/static/unknown', 'application/octet-stream'],
    ['/static/a%20b%C3%A9.txt', 'text/plain; charset=utf-8'],
    ['/static/%74ext.txt', 'text/plain; charset=utf-8'],
    ['/static/inside.txt', 'text/plain; charset=utf-8'],
    ['/static/inside/index.html', 'text/html; charset=utf-8'],
    ['/static/.well-known/security.txt', 'text/plain; charset=utf-8'],
    ['/linked/text.txt', 'text/plain; charset=utf-8'],
    ['/text.txt', 'text/plain; charset=utf-8'],
  ])('%s is %s', async (target, type) => {
    const response = await get(target)
    expect(response.status).toBe(200)
    expect(response.header('content-type')).toBe(type)
  })

  test('may be empty', async () => {
    const response = await get('/static/empty.txt', [['Range', 'bytes=0-']])
    expect(response.status).toBe(200)
    expect(response.header('content-length')).toBe('0')
  })

  test.each(['POST', 'PUT', 'DELETE', 'TRACE', 'PROPFIND'])(
    'refuses %s with Allow',
    async (method) => {
      const response = await get('/static/text.txt', [], method)
      expect(response.status).toBe(405)
      expect(response.header('allow')).toBe('GET, HEAD, OPTIONS')
    },
  )

  test('answers OPTIONS', async () => {
    const response = await get('/static/text.txt', [], 'OPTIONS')
    expect(response.status).toBe(204)
    expect(response.header('allow')).toBe('GET, HEAD, OPTIONS')
  })

  test('has another tag with another size, even with the same mtime', async () => {
    const path = join(root, 'changing.txt')
    const time = new Date('2024-05-06T07:08:09Z')
    writeFileSync(path, 'one')
    utimesSync(path, time, time)
    const first = await get('/static/changing.txt')
    writeFileSync(path, 'three')
    utimesSync(path, time, time)
    const second = await get('/static/changing.txt')
    expect(second.text).toBe('three')
    expect(first.header('last-modified')).toBe('Mon, 06 May 2024 07:08:09 GMT')
    expect(second.header('last-modified')).toBe(first.header('last-modified'))
    expect(second.header('etag')).not.toBe(first.header('etag'))
  })
})

describe('what must not be served', () => {
  test.each([
    '/static/missing.txt',
    '/static/text.txt/',
    '/static/text.txt/x',
    '/static/../secret.txt',
    '/static/%2e%2e/secret.txt',
    '/static/..%2fsecret.txt',
    '/static/%2e%2e%2fsecret.txt',
    '/static/..%5csecret.txt',
    '/static/..\\secret.txt',
    '/static/folder/../../secret.txt',
    '/static/folder/%2e%2e/%2e%2e/secret.txt',
    '/static../secret.txt',
    '/static..%2fsecret.txt',
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/static//etc/passwd',
    '/static/%2fetc/passwd',
    '/static/folder%2findex.html',
    '/static/text.txt%00',
    '/static/text.txt%00.html',
    '/static/.env',
    '/static/%2eenv',
    '/static/.git/config',
    '/static/%2Egit/config',
    '/static/.well-known/../.env',
    '/static/./text.txt',
    '/static/outside.txt',
    '/static/outside/secret.txt',
    '/static/etc/passwd',
    '/static/etc',
    '/static/loop',
    '/static/dangling',
    '/static/fifo',
    `/static/${'x'.repeat(300)}`,
    `/static/${'x/'.repeat(2500)}`,
    '/static/%ff%fe',
    '/static/folder/empty/',
    '/noindex/folder/',
    '/noindex/',
  ])('%s is not found', async (target) => {
    const response = await get(target)
    expect(response.status).toBe(404)
    expect(response.text).not.toContain('secret')
  })

  test.skipIf(process.getuid?.() === 0)('a file without permission is not found', async () => {
    expect((await get('/static/forbidden.txt')).status).toBe(404)
  })

  test('leaves no file open', async () => {
    await waitForClosed()
  })
})

describe('folders', () => {
  test.each([
    ['/static/', '<p>index</p>'],
    ['/static/folder/', '<p>folder</p>'],
    ['/', '<p>index</p>'],
  ])('%s is its index file', async (target, text) => {
    const response = await get(target)
    expect(response.status).toBe(200)
    expect(response.text).toBe(text)
  })

  test.each([
    ['/static', '/static/'],
    ['/static?a=b&c', '/static/?a=b&c'],
    ['/static/folder', '/static/folder/'],
    ['/static/%66older?x', '/static/%66older/?x'],
    ['/folder?next=//evil.example', '/folder/?next=//evil.example'],
  ])('%s leads to %s', async (target, location) => {
    const response = await get(target)
    expect(response.status).toBe(301)
    expect(response.header('location')).toBe(location)
  })

  test.each([
    '//folder',
    '//evil.example/..',
    '//evil.example/%2e%2e',
    '/%2ffolder',
    '/\\folder',
    '/%5cfolder',
  ])('%s never redirects to another host', async (target) => {
    const response = await get(target)
    expect(response.status).toBe(404)
    expect(response.header('location')).toBeUndefined()
  })
})

describe('conditional requests', () => {
  test('answer 304 with the fields that a cache refreshes', async () => {
    const full = await get('/static/text.txt')
    const etag = full.header('etag') ?? ''
    for (const value of [etag, `W/${etag}`, '*', `"x", ${etag}`]) {
      const response = await get('/static/text.txt', [['If-None-Match', value]])
      expect(response.status).toBe(304)
      expect(response.body.length).toBe(0)
      expect(response.header('etag')).toBe(etag)
      expect(response.header('cache-control')).toBe('max-age=3600')
      expect(response.header('vary')).toBe('Accept-Encoding')
    }
    const modified = full.header('last-modified') ?? ''
    expect((await get('/static/text.txt', [['If-Modified-Since', modified]])).status).toBe(304)
    const both = await get('/static/text.txt', [
      ['If-None-Match', '"other"'],
      ['If-Modified-Since', modified],
    ])
    expect(both.status).toBe(200)
  })

  test('answer 412 to preconditions that fail', async () => {
    const old = 'Mon, 01 Jan 1990 00:00:00 GMT'
    expect((await get('/static/text.txt', [['If-Match', '"other"']])).status).toBe(412)
    expect((await get('/static/text.txt', [['If-Unmodified-Since', old]])).status).toBe(412)
    expect((await get('/static/text.txt', [['If-Unmodified-Since', 'nonsense']])).status).toBe(200)
    expect((await get('/static/text.txt', [['If-Match', '*']])).status).toBe(200)
  })
})

describe('ranges', () => {
  test.each([
    ['bytes=0-9', '0123456789', 'bytes 0-9/100'],
    ['bytes=95-', '56789', 'bytes 95-99/100'],
    ['bytes=-1', '9', 'bytes 99-99/100'],
    ['bytes=0-0,0-0,0-1', '01', 'bytes 0-1/100'],
  ])('%s gives %j', async (range, text, contentRange) => {
    const response = await get('/static/text.txt', [['Range', range]])
    expect(response.status).toBe(206)
    expect(response.text).toBe(text)
    expect(response.header('content-range')).toBe(contentRange)
    expect(response.header('content-length')).toBe(String(text.length))
  })

  test('several come in one multipart answer', async () => {
    const response = await get('/static/text.txt', [['Range', 'bytes=0-1,50-52,-1']])
    expect(response.status).toBe(206)
    const [, boundary = ''] =
      /^multipart\/byteranges; boundary=(\S+)$/.exec(response.header('content-type') ?? '') ?? []
    expect(boundary).not.toBe('')
    expect(response.header('content-range')).toBeUndefined()
    expect(response.complete).toBe(true)
    const part = (range: string, text: string): string =>
      `\r\n--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes ${range}/100\r\n\r\n${text}`
    expect(response.text).toBe(
      `${part('0-1', '01')}${part('50-52', '012')}${part('99-99', '9')}\r\n--${boundary}--\r\n`,
    )
  })

  test('large parts of a large file arrive complete', async () => {
    const response = await get('/static/big.json', [['Range', 'bytes=0-99999,150000-299999']])
    expect(response.status).toBe(206)
    expect(response.complete).toBe(true)
    expect(response.body.length).toBeGreaterThan(250_000)
    expect(response.body.length).toBeLessThan(251_000)
  })

  test.each(['bytes=100-', 'bytes=-0', 'bytes=1000-2000,5000-'])(
    '%s is refused with the size',
    async (range) => {
      const response = await get('/static/text.txt', [['Range', range]])
      expect(response.status).toBe(416)
      expect(response.header('content-range')).toBe('bytes */100')
    },
  )

  test('a thousand do not multiply the answer', async () => {
    const disjoint = Array.from({ length: 1000 }, (_, index) => `${index * 2}-${index * 2}`).join()
    const overlapping = Array.from({ length: 1000 }, (_, index) => `${index}-`).join()
    for (const ranges of [disjoint, overlapping]) {
      const response = await get('/static/big.json', [['Range', `bytes=${ranges}`]])
      expect(response.body.length).toBeLessThanOrEqual(300_010)
    }
  })

  test('apply only to the version that If-Range names', async () => {
    const full = await get('/static/text.txt')
    const etag = full.header('etag') ?? ''
    const date = full.header('last-modified') ?? ''
    const ask = async (value: string): Promise<number> =>
      (
        await get('/static/text.txt', [
          ['Range', 'bytes=0-1'],
          ['If-Range', value],
        ])
      ).status
    expect(await ask(etag)).toBe(206)
    expect(await ask(date)).toBe(206)
    expect(await ask(`W/${etag}`)).toBe(200)
    expect(await ask('"other"')).toBe(200)
    expect(await ask('Mon, 01 Jan 1990 00:00:00 GMT')).toBe(200)
  })
})

describe('precompressed siblings', () => {
  const ask = async (target: string, encodings: string): Promise<RawResponse> =>
    await get(target, [['Accept-Encoding', encodings]])

  test('are selected by the preference of the client, each with its own tag', async () => {
    const plain = await get('/static/script.js')
    const brotli = await ask('/static/script.js', 'gzip, br')
    const gzip = await ask('/static/script.js', 'gzip, br;q=0')
    expect(plain.header('content-encoding')).toBeUndefined()
    expect(brotli.header('content-encoding')).toBe('br')
    expect(gzip.header('content-encoding')).toBe('gzip')
    expect(brotli.body).toEqual(brotliCompressSync(SCRIPT))
    expect(gzip.body).toEqual(gzipSync(SCRIPT))
    const answers = [plain, brotli, gzip]
    expect(new Set(answers.map((answer) => answer.header('etag'))).size).toBe(3)
    for (const answer of answers) {
      expect(answer.header('content-type')).toBe('text/javascript; charset=utf-8')
      expect(answer.header('vary')).toBe('Accept-Encoding')
    }
  })

  test('are revalidated by their own tag only', async () => {
    const plain = await get('/static/script.js')
    const response = await get('/static/script.js', [
      ['Accept-Encoding', 'br'],
      ['If-None-Match', plain.header('etag') ?? ''],
    ])
    expect(response.status).toBe(200)
  })

  test.each([
    ['/static/style.css', 'zstd', 'zstd'],
    ['/static/style.css', 'br, gzip', undefined],
    ['/static/script.js', 'identity', undefined],
    ['/static/script.js', 'br;q=0, gzip;q=0', undefined],
    ['/static/script.js', '*', 'br'],
    ['/static/script.js', 'identity;q=0, gzip', 'gzip'],
    ['/static/data.json', 'gzip', undefined],
    ['/plain/script.js', 'br, gzip', undefined],
  ])('%s for %j: %s', async (target, encodings, coding) => {
    const response = await ask(target, encodings)
    expect(response.status).toBe(200)
    expect(response.header('content-encoding')).toBe(coding)
  })

  test('do not help a client that refuses the plain file', async () => {
    const response = await ask('/static/text.txt', 'identity;q=0')
    expect(response.status).toBe(406)
  })

  test('can be requested by their own name', async () => {
    const response = await ask('/static/script.js.gz', 'gzip')
    expect(response.header('content-type')).toBe('application/gzip')
    expect(response.header('content-encoding')).toBeUndefined()
  })
})

describe('files before an application', () => {
  test.each([
    ['GET', '/app/text.txt', TEXT],
    ['GET', '/app/', '<p>index</p>'],
    ['GET', '/app/folder/', '<p>folder</p>'],
    ['GET', '/app/missing', 'application GET /missing'],
    ['GET', '/app/folder/empty', 'application GET /folder/empty'],
    ['GET', '/app/folder/empty/', 'application GET /folder/empty/'],
    ['POST', '/app/missing', 'application POST /missing'],
    ['POST', '/app/', 'application POST /'],
  ])('%s %s', async (method, target, text) => {
    const response = await get(target, [], method)
    expect(response.status).toBe(200)
    expect(response.text).toBe(text)
  })

  test.each([
    ['GET', '/app/.env', 404],
    ['GET', '/app/%2eenv', 404],
    ['GET', '/app/outside.txt', 404],
    ['GET', '/app/a%2Fb', 404],
    ['POST', '/app/text.txt', 405],
    ['OPTIONS', '/app/text.txt', 204],
  ])('%s %s is not for the application', async (method, target, status) => {
    const response = await get(target, [], method)
    expect(response.status).toBe(status)
    if (status !== 404) expect(response.header('allow')).toBe('GET, HEAD, OPTIONS')
  })

  test('redirect to a folder that has an index', async () => {
    expect((await get('/app/folder')).header('location')).toBe('/app/folder/')
  })
})

describe('descriptors and memory', () => {
  test('a file is closed when the client disconnects during the response', async () => {
    const connection = await openRaw(server.url)
    connection.discard()
    connection.send(formatRequest({ target: '/static/huge.bin' }))
    await connection.waitUntil(() => connection.received > 1000, 'the first bytes')
    expect(listOpen()).toEqual([join(root, 'huge.bin')])
    connection.reset()
    await waitForClosed()
  })

  test('a large file needs little memory', async () => {
    using connection = await openRaw(server.url)
    connection.discard()
    const before = process.memoryUsage.rss()
    let highest = before
    connection.socket.on('data', () => {
      highest = Math.max(highest, process.memoryUsage.rss())
    })
    connection.send(formatRequest({ target: '/static/huge.bin' }))
    await connection.waitUntil(() => connection.received > BIG_BYTES, 'the whole file')
    expect(highest - before).toBeLessThan(100 * 1024 * 1024)
    await waitForClosed()
  })

  test('a slow reader causes backpressure', async () => {
    using connection = await openRaw(server.url)
    connection.pause()
    connection.send(formatRequest({ target: '/static/huge.bin' }))
    await pollUntil(() => (listOpen().length === 1 ? true : undefined), 'the file to be opened')
    expect((await get('/static/text.txt')).status).toBe(200)
    connection.destroy()
    await waitForClosed()
  })

  test('a file that becomes shorter while it is sent aborts the connection, and is logged', async () => {
    const warnings: LogFields[] = []
    const note = (fields: LogFields): void => void warnings.push(fields)
    const logger = { debug: note, output: note, info: note, warn: note, error: note }
    await using own = await servePipeline({
      routes: [{ path: '/', answer: createStaticAnswerer({ root, logger }) }],
    })
    const path = join(root, 'shrinking.bin')
    writeFileSync(path, '')
    const fd = openSync(path, 'r+')
    ftruncateSync(fd, BIG_BYTES)
    using connection = await openRaw(own.url)
    connection.discard()
    connection.send(formatRequest({ target: '/shrinking.bin' }))
    // An open file may not have been measured yet.
    await connection.waitUntil(() => connection.received > 0, 'the head')
    connection.pause()
    ftruncateSync(fd, 10)
    closeSync(fd)
    connection.resume()
    await connection.waitForEnd()
    expect(connection.received).toBeLessThan(BIG_BYTES)
    await pollUntil(() => (warnings.length === 1 ? true : undefined), 'the warning')
    await waitForClosed()
  })
})

test('a symbolic link to a folder may change to a new release while it is served', async () => {
  mkdirSync(join(folder, 'next'))
  writeFileSync(join(folder, 'next/text.txt'), 'next release')
  expect((await get('/linked/text.txt')).text).toBe(TEXT)
  unlinkSync(join(folder, 'current'))
  symlinkSync('next', join(folder, 'current'))
  expect((await get('/linked/text.txt')).text).toBe('next release')
  expect(existsSync(join(folder, 'current'))).toBe(true)
})
