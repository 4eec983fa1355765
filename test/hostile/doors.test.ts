import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { formatBegin, Role } from '../../src/wire/fastcgi/bodies.ts'
import { formatPairs } from '../../src/wire/fastcgi/pairs.ts'
import { formatRecord, RecordType } from '../../src/wire/fastcgi/records.ts'
import { formatFastCgi, openFastCgi } from '../fronts/support/fastcgi-client.ts'
import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { openRaw, type Bytes } from '../support/raw-client.ts'

const APPS = fileURLToPath(new URL('../fixtures/apps', import.meta.url))
const PROTOCOLS = ['fastcgi', 'scgi', 'uwsgi'] as const

type Protocol = (typeof PROTOCOLS)[number]

/** Bytes that are sent, and what comes back before the connection ends; undefined: nothing. */
type Row = readonly [
  protocol: Protocol,
  name: string,
  bytes: Bytes,
  answer: RegExp | undefined,
  more?: { readonly leaving: 'half-close' },
]

const HALF_CLOSE = { leaving: 'half-close' } as const
const BEGIN = formatBegin({ role: Role.RESPONDER, keepsConnection: false })
const GET = ['REQUEST_METHOD', 'GET', 'PATH_INFO', '/first']

function records(...list: readonly (readonly [type: number, content?: Bytes])[]): Buffer {
  return Buffer.concat(
    list.map(([type, content]) =>
      formatRecord(type, 1, content === undefined ? undefined : Buffer.from(content)),
    ),
  )
}

function begun(...list: readonly (readonly [type: number, content?: Bytes])[]): Buffer {
  return records([RecordType.BEGIN_REQUEST, BEGIN], ...list)
}

function withVersion(version: number): Buffer {
  const record = formatRecord(RecordType.BEGIN_REQUEST, 1, BEGIN)
  record.writeUInt8(version, 0)
  return record
}

function netstring(variables: readonly string[]): string {
  const text = variables.map((one) => `${one}\0`).join('')
  return `${text.length}:${text},`
}

const SCGI = ['CONTENT_LENGTH', '0', 'SCGI', '1']

function packet(
  variables: readonly string[],
  { modifier = 0, size }: { modifier?: number; size?: number } = {},
): Buffer {
  const parts = variables.map((text) => {
    const length = Buffer.alloc(2)
    length.writeUInt16LE(text.length)
    return Buffer.concat([length, Buffer.from(text, 'latin1')])
  })
  const body = Buffer.concat(parts)
  const head = Buffer.from([modifier, 0, 0, 0])
  head.writeUInt16LE(size ?? body.length, 1)
  return Buffer.concat([head, body])
}

const ROWS: readonly Row[] = [
  ['fastcgi', 'HTTP', 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n', undefined],
  ['fastcgi', 'version 0', withVersion(0), undefined],
  ['fastcgi', 'version 2', withVersion(2), undefined],
  [
    'fastcgi',
    'a BEGIN_REQUEST that is too short',
    records([RecordType.BEGIN_REQUEST, 'abc']),
    undefined,
  ],
  ['fastcgi', 'an id that is in use', Buffer.concat([begun(), begun()]), undefined],
  [
    'fastcgi',
    'GET_VALUES that end within a pair',
    formatRecord(RecordType.GET_VALUES, 0, Buffer.from([9, 9, 1])),
    undefined,
  ],
  [
    'fastcgi',
    'a role that nobody knows',
    records([RecordType.BEGIN_REQUEST, Buffer.from([0, 4, 0, 0, 0, 0, 0, 0])]),
    undefined,
  ],
  [
    'fastcgi',
    'a body before the end of the variables',
    begun([RecordType.STDIN, 'abc']),
    /Status: 400 /,
  ],
  [
    'fastcgi',
    'variables that end within a pair',
    begun([RecordType.PARAMS, '\x09\x09ab'], [RecordType.PARAMS]),
    /Status: 400 /,
  ],
  [
    'fastcgi',
    'a variable of 2 GiB',
    begun([RecordType.PARAMS, Buffer.from([1, 0xff, 0xff, 0xff, 0xff, 0x41])], [RecordType.PARAMS]),
    /Status: 400 /,
  ],
  ['fastcgi', 'no variables', begun([RecordType.PARAMS], [RecordType.STDIN]), /Status: 400 /],
  [
    'fastcgi',
    'variables without an end',
    begun([RecordType.PARAMS, formatPairs(GET)]),
    /Status: 400 /,
    HALF_CLOSE,
  ],
  [
    'fastcgi',
    'too many variables',
    Buffer.concat([
      begun(),
      ...Array.from({ length: 20 }, () => records([RecordType.PARAMS, Buffer.alloc(65_000, 'a')])),
    ]),
    /Status: 431 /,
  ],
  ['fastcgi', 'half a header', Buffer.from([1, 1, 0]), undefined, HALF_CLOSE],
  [
    'fastcgi',
    'half a body',
    formatFastCgi({ keep: false, body: 'abc', variables: { CONTENT_LENGTH: '9' } }),
    /Status: 400 /,
  ],
  [
    'fastcgi',
    'DATA for a responder',
    formatFastCgi({ keep: false, path: '/first', data: 'abc' }),
    /Status: 200 /,
  ],
  ['scgi', 'HTTP', 'GET / HTTP/1.1\r\n\r\n', /^Status: 400 /],
  ['scgi', 'no length', ':a', /^Status: 400 /],
  ['scgi', 'a length with a zero before it', '010:', /^Status: 400 /],
  ['scgi', 'a length of 2 GiB', '2147483648:', /^Status: 4(?:00|31) /],
  ['scgi', 'a negative length', '-1:,', /^Status: 400 /],
  ['scgi', 'no comma', `${netstring([...SCGI, ...GET]).slice(0, -1)};`, /^Status: 400 /],
  ['scgi', 'no SCGI', netstring(['CONTENT_LENGTH', '0', ...GET]), /^Status: 400 /],
  [
    'scgi',
    'another variable first',
    netstring(['SCGI', '1', 'CONTENT_LENGTH', '0', ...GET]),
    /^Status: 400 /,
  ],
  ['scgi', 'a name twice', netstring([...SCGI, ...GET, 'SCGI', '1']), /^Status: 400 /],
  ['scgi', 'a name without a value', netstring([...SCGI, 'X']), /^Status: 400 /],
  [
    'scgi',
    'an empty length',
    netstring(['CONTENT_LENGTH', '', 'SCGI', '1', ...GET]),
    /^Status: 400 /,
  ],
  ['scgi', 'half a head', '100:CONTENT_LEN', /^Status: 400 /, HALF_CLOSE],
  [
    'scgi',
    'half a body',
    `${netstring(['CONTENT_LENGTH', '9', 'SCGI', '1', ...GET])}abc`,
    /^Status: 400 /,
    HALF_CLOSE,
  ],
  [
    'scgi',
    'a second request',
    `${netstring([...SCGI, ...GET])}${netstring([...SCGI, ...GET])}`,
    /^Status: 200 (?![^]*Status:)/,
  ],
  ['uwsgi', 'HTTP', `GET / HTTP/1.1\r\n\r\n${'x'.repeat(0x5445)}`, /^HTTP\/1\.1 400 /],
  ['uwsgi', 'another modifier', packet(GET, { modifier: 5 }), /^HTTP\/1\.1 501 /],
  ['uwsgi', 'a variable that ends after the packet', packet(GET, { size: 20 }), /^HTTP\/1\.1 400 /],
  ['uwsgi', 'a name without a value', packet([...GET, 'X']), /^HTTP\/1\.1 400 /],
  ['uwsgi', 'an empty packet', packet([]), /^HTTP\/1\.1 400 /],
  ['uwsgi', 'half a packet', packet(GET).subarray(0, 20), /^HTTP\/1\.1 400 /, HALF_CLOSE],
  [
    'uwsgi',
    'half a body',
    Buffer.concat([packet([...GET, 'CONTENT_LENGTH', '9']), Buffer.from('abc')]),
    /^HTTP\/1\.1 400 /,
    HALF_CLOSE,
  ],
  [
    'uwsgi',
    'bytes after the body',
    Buffer.concat([packet(GET), Buffer.from('GET /smuggled')]),
    /^HTTP\/1\.1 200 /,
  ],
]

let taipan: RunningTaipan

beforeAll(async () => {
  const binds = PROTOCOLS.flatMap((protocol) => ['-b', `${protocol}://127.0.0.1:0`])
  taipan = await startTaipan(['hostile_recorder.py', ...binds, '-p', '1', '--no-access-log'], {
    cwd: APPS,
  })
  await taipan.waitForOutput(/listening on uwsgi/)
})

afterAll(async () => {
  expect((await taipan.stop()).exitCode).toBe(0)
})

function urlOf(protocol: Protocol): string {
  return taipan.urls.find((url) => url.startsWith(`${protocol}:`)) ?? ''
}

for (const [protocol, name, bytes, answer, more] of ROWS)
  test(`${protocol}: ${name}`, async () => {
    using kept = await openFastCgi(urlOf('fastcgi'))
    kept.request({ path: '/probe' })
    await kept.answer()
    using connection = await openRaw(urlOf(protocol))
    connection.send(bytes)
    if (more?.leaving === 'half-close') connection.finishSending()
    await connection.waitForEnd()
    const text = connection.rest.toString('latin1')
    if (answer === undefined) expect(text).not.toMatch(/Status|HTTP/)
    else expect(text).toMatch(answer)
    // The others notice nothing.
    kept.request({ path: '/probe' })
    expect((await kept.answer()).output).toMatch(/^Status: 200 /)
  })
