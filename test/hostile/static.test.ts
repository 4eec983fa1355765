import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { readMemory } from '../faults/fault-lab.ts'
import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import {
  fetchRaw,
  formatRequest,
  openRaw,
  pollUntil,
  type RawResponse,
} from '../support/raw-client.ts'

const APP = `def application(environ, start_response):
    body = ("app " + environ["REQUEST_METHOD"] + " " + environ["PATH_INFO"]).encode("latin-1")
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
`
const TEXT = 'body { color: green }\n'.repeat(50)
const OLD = 'Sat, 01 Jan 2000 00:00:00 GMT'

let folder: string
let taipan: RunningTaipan

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taipan-static-'))
  const at = (...names: string[]): string => join(folder, ...names)
  await mkdir(at('public/sub/deep'), { recursive: true })
  await mkdir(at('public/.git'))
  await mkdir(at('public/evil.test'))
  await mkdir(at('publicx'))
  await writeFile(at('app.py'), APP)
  await writeFile(at('secret.txt'), 'secret')
  await writeFile(at('publicx/x'), 'secret')
  await writeFile(at('public/plain.txt'), '0123456789')
  await writeFile(at('public/empty.txt'), '')
  await writeFile(at('public/style.css'), TEXT)
  await writeFile(at('public/style.css.br'), brotliCompressSync(TEXT))
  await writeFile(at('public/style.css.gz'), gzipSync(TEXT))
  await writeFile(at('public/page.html'), '<p>page</p>')
  await writeFile(at('public/a b.txt'), 'with a blank')
  await writeFile(at('public/\u00e9.txt'), 'with an accent')
  await writeFile(at('public/sub/index.html'), '<p>index</p>')
  await writeFile(at('public/.env'), 'secret')
  await writeFile(at('public/.git/config'), 'secret')
  await writeFile(at('public/sub/.hidden'), 'secret')
  await writeFile(at('public/large.bin'), '')
  await truncate(at('public/large.bin'), 200 << 20)
  await symlink(at('secret.txt'), at('public/link-out.txt'))
  await symlink(folder, at('public/folder-out'))
  await symlink('plain.txt', at('public/link-in.txt'))
  await symlink('nowhere', at('public/link-dangling'))
  execFileSync('mkfifo', [at('public/fifo')])
  taipan = await startTaipan(
    ['app.py', '-b', '127.0.0.1:0', '-p', '1', '--static', '/static=public'],
    { cwd: folder },
  )
})

afterAll(async () => {
  await taipan.stop()
  await rm(folder, { recursive: true, force: true })
})

async function get(
  target: string,
  headers: readonly (readonly [string, string])[] = [],
  method = 'GET',
): Promise<RawResponse> {
  return await fetchRaw(taipan.url, { target, headers, method })
}

describe('a file', () => {
  test('has its type, length and validators, and HEAD has the same', async () => {
    const whole = await get('/static/plain.txt')
    expect([whole.status, whole.text, whole.header('content-length')]).toEqual([
      200,
      '0123456789',
      '10',
    ])
    expect(whole.header('content-type')).toMatch(/^text\/plain/)
    expect(whole.header('etag')).toMatch(/^(W\/)?"[^"]+"$/)
    expect(Date.parse(whole.header('last-modified') ?? '')).toBeGreaterThan(0)
    const head = await get('/static/plain.txt', [], 'HEAD')
    for (const name of ['content-length', 'content-type', 'etag', 'last-modified'])
      expect(head.header(name), name).toBe(whole.header(name))
    expect(head.body.length).toBe(0)
    expect((await get('/static/empty.txt')).header('content-length')).toBe('0')
  })

  test('wins over the application; other paths go to the application', async () => {
    expect((await get('/static/page.html')).text).toBe('<p>page</p>')
    expect((await get('/other')).text).toBe('app GET /other')
    expect((await get('/staticx')).text).toBe('app GET /staticx')
    expect((await get('/static/a%20b.txt')).text).toBe('with a blank')
    expect((await get('/static/%C3%A9.txt')).text).toBe('with an accent')
    expect((await get('/static/link-in.txt')).text).toBe('0123456789')
    expect((await get('/static/plain.txt?v=1')).text).toBe('0123456789')
  })

  test('If-None-Match overrides If-Modified-Since', async () => {
    const tag = (await get('/static/plain.txt')).header('etag') ?? ''
    const future = 'Fri, 01 Jan 2038 00:00:00 GMT'
    const status = async (...headers: (readonly [string, string])[]): Promise<number> =>
      (await get('/static/plain.txt', headers)).status
    expect(await status(['If-None-Match', tag])).toBe(304)
    expect(await status(['If-None-Match', `"x", ${tag}`])).toBe(304)
    expect(await status(['If-None-Match', `W/${tag.replace('W/', '')}`])).toBe(304)
    expect(await status(['If-None-Match', '*'])).toBe(304)
    expect(await status(['If-None-Match', '"other"'])).toBe(200)
    expect(await status(['If-None-Match', '"other"'], ['If-Modified-Since', future])).toBe(200)
    expect(await status(['If-None-Match', tag], ['If-Modified-Since', OLD])).toBe(304)
    expect(await status(['If-Modified-Since', OLD])).toBe(200)
    expect(await status(['If-Modified-Since', 'yesterday'])).toBe(200)
    const known = (await get('/static/plain.txt')).header('last-modified') ?? ''
    expect(await status(['If-Modified-Since', known])).toBe(304)
  })

  test('preconditions: 412 when they fail, and an invalid date is ignored', async () => {
    const status = async (name: string, value: string): Promise<number> =>
      (await get('/static/plain.txt', [[name, value]])).status
    expect(await status('If-Unmodified-Since', OLD)).toBe(412)
    expect(await status('If-Unmodified-Since', 'not a date')).toBe(200)
    expect(await status('If-Unmodified-Since', '2000-01-01')).toBe(200)
    expect(await status('If-Match', '"other"')).toBe(412)
    expect(await status('If-Match', '*')).toBe(200)
  })

  test('304 has its validators and no body', async () => {
    const tag = (await get('/static/plain.txt')).header('etag') ?? ''
    using connection = await openRaw(taipan.url)
    connection.send(
      formatRequest({ target: '/static/plain.txt', headers: [['If-None-Match', tag]] }),
    )
    const response = await connection.readFinalResponse()
    expect([response.status, response.header('etag'), response.framing]).toEqual([304, tag, 'none'])
    connection.send(formatRequest({ target: '/static/plain.txt' }))
    expect((await connection.readFinalResponse()).text).toBe('0123456789')
  })

  test('the same mtime with another size is another ETag', async () => {
    const path = join(folder, 'public/changing.txt')
    const when = new Date('2020-01-01T00:00:00Z')
    const tags = new Set<string | undefined>()
    for (const content of ['one', 'three', 'sixteen']) {
      await writeFile(path, content)
      await utimes(path, when, when)
      const response = await get('/static/changing.txt')
      expect(response.text).toBe(content)
      tags.add(response.header('etag'))
    }
    expect(tags.size).toBe(3)
  })
})

describe('ranges', () => {
  const range = async (
    value: string,
    ...more: (readonly [string, string])[]
  ): Promise<RawResponse> => await get('/static/plain.txt', [['Range', value], ...more])

  test.each([
    ['bytes=0-4', '01234', 'bytes 0-4/10'],
    ['bytes=5-', '56789', 'bytes 5-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
    ['bytes=-100', '0123456789', 'bytes 0-9/10'],
    ['bytes=9-9', '9', 'bytes 9-9/10'],
  ])('%s', async (value, text, content) => {
    const response = await range(value)
    expect([response.status, response.text, response.header('content-range')]).toEqual([
      206,
      text,
      content,
    ])
    expect(response.header('content-length')).toBe(String(text.length))
  })

  test.each(['bytes=10-', 'bytes=100-200', 'bytes=-0'])(
    '%s is 416 with the length',
    async (value) => {
      const response = await range(value)
      expect([response.status, response.header('content-range')]).toEqual([416, 'bytes */10'])
    },
  )

  test.each([
    'bytes=5-2',
    'bytes=a-b',
    'bytes',
    'lines=0-1',
    'bytes=-',
    'bytes=1-2x',
    'bytes=+1-2',
    'bytes=0x1-2',
    '',
  ])('a bad range %j does no harm', async (value) => {
    const response = await range(value)
    expect([200, 416]).toContain(response.status)
    expect(response.complete).toBe(true)
  })

  test('several ranges are parts', async () => {
    const response = await range('bytes=0-1,5-6')
    expect(response.status).toBe(206)
    const boundary = /^multipart\/byteranges; ?boundary="?([^"]+)"?$/.exec(
      response.header('content-type') ?? '',
    )?.[1]
    expect(boundary).toBeDefined()
    expect(response.text.split(`--${boundary}`)).toHaveLength(4)
    expect(response.text).toMatch(/bytes 0-1\/10\r\n\r\n01\r\n/)
    expect(response.text).toMatch(/bytes 5-6\/10\r\n\r\n56\r\n/)
  })

  test.each([
    ['overlapping', `bytes=${Array.from({ length: 1000 }, () => '0-').join(',')}`],
    ['single bytes', `bytes=${Array.from({ length: 1000 }, (_, i) => `${i}-${i}`).join(',')}`],
    ['suffixes', `bytes=${Array.from({ length: 1000 }, (_, i) => `-${i + 1}`).join(',')}`],
  ])('1,000 ranges (%s) do not multiply the answer', async (_name, value) => {
    const response = await get('/static/style.css', [['Range', value]])
    expect([200, 206, 400, 416, 431]).toContain(response.status)
    expect(response.body.length).toBeLessThan(3 * TEXT.length)
  })

  test('1,000 ranges of 200 MB do not multiply the answer', async () => {
    using connection = await openRaw(taipan.url)
    const ranges = Array.from({ length: 1000 }, () => '0-').join(',')
    connection.send(
      formatRequest({ target: '/static/large.bin', headers: [['Range', `bytes=${ranges}`]] }),
    )
    await connection.waitUntil(() => connection.rest.includes('\r\n\r\n'), 'the head')
    const [, length] = /content-length: (\d+)/i.exec(connection.rest.toString('latin1')) ?? []
    expect(Number(length)).toBeLessThan(2 * (200 << 20))
  })

  test('If-Range', async () => {
    const whole = await get('/static/plain.txt')
    const tag = whole.header('etag') ?? ''
    if (!tag.startsWith('W/'))
      expect((await range('bytes=0-1', ['If-Range', tag])).status).toBe(206)
    expect((await range('bytes=0-1', ['If-Range', '"other"'])).status).toBe(200)
    expect((await range('bytes=0-1', ['If-Range', OLD])).status).toBe(200)
  })
})

describe('precompressed siblings', () => {
  const accept = async (value: string): Promise<RawResponse> =>
    await get('/static/style.css', [['Accept-Encoding', value]])

  test('each has its own ETag, and all vary', async () => {
    const [plain, gzip, brotli] = [
      await get('/static/style.css'),
      await accept('gzip'),
      await accept('br'),
    ]
    expect(plain?.text).toBe(TEXT)
    expect([
      plain?.header('content-encoding'),
      gzip?.header('content-encoding'),
      brotli?.header('content-encoding'),
    ]).toEqual([undefined, 'gzip', 'br'])
    const tags = [plain, gzip, brotli].map((response) => response?.header('etag'))
    expect(new Set(tags).size).toBe(3)
    for (const response of [plain, gzip, brotli]) {
      expect(response?.header('vary')).toMatch(/accept-encoding/i)
      expect(response?.header('content-type')).toMatch(/^text\/css/)
    }
  })

  test('q=0 is respected', async () => {
    const coding = async (value: string): Promise<string | undefined> =>
      (await accept(value)).header('content-encoding')
    expect(await coding('br;q=0, gzip;q=0')).toBeUndefined()
    expect(await coding('br;q=0, gzip')).toBe('gzip')
    expect(await coding('br;q=0.0, gzip;q=0.000')).toBeUndefined()
    expect(await coding('*;q=0')).toBeUndefined()
    expect(await coding('identity')).toBeUndefined()
    expect(await coding('gzip, *;q=0')).toBe('gzip')
    expect(await coding('gzip;q=0, *')).toBe('br')
    expect(await coding('xgzip, brx')).toBeUndefined()
    expect(await coding('')).toBeUndefined()
  })

  test('a range of a compressed file is a range of the compressed bytes', async () => {
    const whole = await accept('gzip')
    const part = await get('/static/style.css', [
      ['Accept-Encoding', 'gzip'],
      ['Range', 'bytes=0-9'],
    ])
    if (part.status === 206) expect(part.body.equals(whole.body.subarray(0, 10))).toBe(true)
    else expect(part.status).toBe(200)
  })
})

describe('folders', () => {
  test('the index answers, and a missing slash is a redirect that keeps the query', async () => {
    expect((await get('/static/sub/')).text).toBe('<p>index</p>')
    const response = await get('/static/sub?a=b&c=%20')
    expect([301, 302, 307, 308]).toContain(response.status)
    expect(new URL(response.header('location') ?? '', 'http://taipan.test/static/sub').href).toBe(
      'http://taipan.test/static/sub/?a=b&c=%20',
    )
  })

  test.each([
    '//evil.test',
    '//static/sub',
    '/static//sub',
    '/static//evil.test',
    '/static/..//evil.test',
    '/static/%2fevil.test',
    '/static/%2f%2fevil.test',
    '/static/\\evil.test',
    '/static/%5cevil.test',
    '/static/%5c%5cevil.test',
    '/static/sub/..//evil.test',
    '/static/.//evil.test',
    '/static///sub',
    '/static/sub%0d%0aX-Evil:1',
    '/static/sub%0d%0a',
  ])('%s does not redirect to another host', async (target) => {
    const response = await get(target)
    const location = response.header('location')
    expect(response.header('x-evil')).toBeUndefined()
    if (location === undefined) return
    expect(location).not.toMatch(/^[/\\]{2}/)
    expect(new URL(location, 'http://taipan.test/static/').host).toBe('taipan.test')
  })
})

describe('nothing else is reachable', () => {
  test.each([
    '/static../secret.txt',
    '/static../publicx/x',
    '/staticx/x',
    '/static/../secret.txt',
    '/static/%2e%2e/secret.txt',
    '/static/.%2e/secret.txt',
    '/static/%2e./secret.txt',
    '/static/..%2fsecret.txt',
    '/static/%2e%2e%2fsecret.txt',
    '/static/sub/../../secret.txt',
    '/static/sub/..%2f..%2fsecret.txt',
    '/static/..\\secret.txt',
    '/static/..%5csecret.txt',
    '/static/%252e%252e/secret.txt',
    '/static/....//secret.txt',
    '/static/.../secret.txt',
    '/static//etc/passwd',
    '/static/%2fetc%2fpasswd',
    '/static/plain.txt/../../secret.txt',
    '/static/plain.txt%00',
    '/static/plain.txt%00.html',
    '/static/%00',
    '/static/link-out.txt',
    '/static/folder-out/secret.txt',
    '/static/folder-out/',
    '/static/link-dangling',
    '/static/.env',
    '/static/%2eenv',
    '/static/.git/config',
    '/static/%2egit/config',
    '/static/sub/.hidden',
    '/static/sub/%2Ehidden',
    '/static/.git',
    '/static/.git/',
    '/static/sub/../.env',
    '/static/sub%2f.hidden',
    '/static/sub%2findex.html',
    '/static/plain.txt/',
    '/static/plain.txt/x',
    '/static/;/../secret.txt',
    '/static/..;/secret.txt',
    '/static/%c0%ae%c0%ae/secret.txt',
    '/static/\uFF0E\uFF0E/secret.txt'.replaceAll('\uFF0E', '%EF%BC%8E'),
  ])('%s', async (target) => {
    for (const method of ['GET', 'HEAD']) {
      const response = await get(target, [], method)
      expect([400, 403, 404]).toContain(response.status)
      expect(response.text).not.toMatch(/secret$|^secret|root:/)
    }
  })

  test('a FIFO does not block', async () => {
    for (const method of ['GET', 'HEAD'])
      expect([403, 404]).toContain((await get('/static/fifo', [], method)).status)
    for (let i = 0; i < 10; i++) await get('/static/fifo')
    expect((await get('/static/plain.txt')).text).toBe('0123456789')
  })

  test('a name that is too long is 404', async () => {
    expect((await get(`/static/${'x'.repeat(300)}`)).status).toBe(404)
    expect((await get(`/static/${'x/'.repeat(3000)}y`)).status).toBe(404)
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])(
    '%s of a file is 405 with Allow',
    async (method) => {
      const response = await get('/static/plain.txt', [], method)
      expect(response.status).toBe(405)
      expect(response.header('allow')).toMatch(/GET/)
      expect(response.header('allow')).toMatch(/HEAD/)
    },
  )
})

describe.skipIf(process.platform !== 'linux')('a file of 200 MB', () => {
  test('adds no memory, and its descriptor is closed after aborts', async () => {
    await get('/static/plain.txt')
    const before = await readMemory(taipan.pid)
    const descriptors = (await readdir(`/proc/${taipan.pid}/fd`)).length
    using connection = await openRaw(taipan.url)
    connection.discard()
    connection.send(
      formatRequest({ target: '/static/large.bin', headers: [['Connection', 'close']] }),
    )
    await connection.waitForEnd(60_000)
    expect(connection.received).toBeGreaterThan(200 << 20)
    for (let i = 0; i < 20; i++) {
      using leaving = await openRaw(taipan.url)
      leaving.send(formatRequest({ target: '/static/large.bin' }))
      await leaving.waitUntil(() => leaving.received > 100_000, 'the file')
      leaving.reset()
    }
    const after = await readMemory(taipan.pid)
    expect(after.peak - before.resident).toBeLessThan(80)
    await pollUntil(
      async () =>
        (await readdir(`/proc/${taipan.pid}/fd`)).length <= descriptors + 1 ? true : undefined,
      'the descriptors to be closed',
    )
    expect(await readdir(`/proc/${taipan.pid}/fd`).then((all) => all.length)).toBeLessThanOrEqual(
      descriptors + 1,
    )
  })
})
