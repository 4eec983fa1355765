import { expect, test } from 'vitest'
import { formatRecord, RecordType } from '../../src/wire/fastcgi/records.ts'
import {
  formatAnswer,
  formatEndRecord,
  formatOutput,
  resetNow,
  startFastCgiPeer,
} from './support/fastcgi-peer.ts'
import { serveGateway } from './support/serve-gateway.ts'

const HEAD = 'Content-Type: text/plain\n\n'

interface Row {
  readonly what: string
  readonly bytes: readonly Uint8Array[]
  /** Status and body that the client gets. */
  readonly answer: string | RegExp
  readonly ends?: 'end' | 'reset'
  /** What the log says. */
  readonly logs?: RegExp
}

const text = (string: string): Buffer => Buffer.from(string, 'latin1')
const stdoutEnd = formatRecord(RecordType.STDOUT, 1)
const FAILED = '502 Bad Gateway\n'

const ROWS: readonly Row[] = [
  {
    what: 'END_REQUEST without an empty STDOUT record is a whole answer',
    bytes: [formatOutput(`${HEAD}whole`), formatEndRecord()],
    answer: '200 whole',
  },
  {
    what: 'a record of each type that concerns nobody is skipped',
    bytes: [
      formatRecord(42, 1, text('unknown')),
      formatRecord(RecordType.STDOUT, 7, text('of another request')),
      formatRecord(RecordType.UNKNOWN_TYPE, 0, Buffer.alloc(8)),
      formatAnswer('mine'),
    ],
    answer: '200 mine',
  },
  {
    what: 'STDERR after the end of STDOUT belongs to the answer',
    bytes: [
      formatOutput(`${HEAD}done`),
      stdoutEnd,
      formatRecord(RecordType.STDERR, 1, text('complaint\n')),
      formatRecord(RecordType.STDERR, 1),
      formatEndRecord(),
    ],
    answer: '200 done',
    logs: /complaint/,
  },
  {
    what: 'a record of 65,535 bytes is taken',
    bytes: [formatOutput(HEAD), formatOutput('x'.repeat(65_535)), formatEndRecord()],
    answer: /^200 x{65535}$/,
  },
  {
    what: 'the end of the connection without END_REQUEST is none',
    bytes: [formatOutput(HEAD.slice(0, 10))],
    ends: 'end',
    answer: FAILED,
    logs: /before the end of its answer/,
  },
  {
    what: 'a connection that is closed at once is a failure',
    bytes: [],
    ends: 'end',
    answer: FAILED,
    logs: /without an answer/,
  },
  {
    what: 'a reset is a failure',
    bytes: [],
    ends: 'reset',
    answer: FAILED,
    logs: /broke the connection/,
  },
  {
    what: 'another protocol is a failure',
    bytes: [text('HTTP/1.1 400 Bad Request\r\n\r\n')],
    answer: FAILED,
    logs: /version 72/,
  },
  {
    what: 'an answer of nothing is a failure',
    bytes: [stdoutEnd, formatEndRecord()],
    answer: FAILED,
    logs: /printed nothing/,
  },
  {
    what: 'a line that is no field is a failure',
    bytes: [formatOutput('hello\n\n'), formatEndRecord()],
    answer: FAILED,
    logs: /"hello" among its header lines/,
  },
  {
    what: 'a field with a control character is a failure',
    bytes: [formatOutput('Content-Type: a\0b\n\nx'), formatEndRecord()],
    answer: FAILED,
    logs: /characters that HTTP forbids/,
  },
  {
    what: 'a head without an end is a failure',
    bytes: Array.from({ length: 12 }, (_, at) => formatOutput(`X-${at}: ${'y'.repeat(6000)}\n`)),
    answer: FAILED,
    logs: /more than 64 KiB/,
  },
  ...['200 O\0K', '100 Continue', '199 Odd', '600 Odd', '999 Odd', 'OK', '20 Short'].map(
    (status) => ({
      what: `the status ${status} is a failure`,
      bytes: [formatOutput(`Status: ${status}\n\nx`), formatEndRecord()],
      answer: FAILED,
      logs: /printed the status/,
    }),
  ),
  {
    what: 'protocolStatus 1 without another address',
    bytes: [formatEndRecord(1)],
    answer: '503 Service Unavailable\n',
    logs: /one request only/,
  },
  {
    what: 'protocolStatus 2',
    bytes: [formatEndRecord(2)],
    answer: '503 Service Unavailable\n',
    logs: /overloaded/,
  },
  {
    what: 'protocolStatus 3',
    bytes: [formatEndRecord(3)],
    answer: '500 Internal Server Error\n',
    logs: /role/,
  },
  {
    what: 'a protocolStatus that nobody knows',
    bytes: [formatEndRecord(77)],
    answer: FAILED,
    logs: /protocolStatus 77/,
  },
  {
    what: 'an END_REQUEST that is too short',
    bytes: [formatRecord(RecordType.END_REQUEST, 1, Buffer.alloc(3))],
    answer: FAILED,
    logs: /3 bytes of content/,
  },
  {
    what: 'fields of the connection are left out',
    bytes: [
      formatOutput('Connection: close, X-Mine\nX-Mine: 1\nKeep-Alive: 5\nTransfer-Encoding: x\n'),
      formatAnswer('clean'),
    ],
    answer: '200 clean',
  },
]

test.each(ROWS)('$what', async ({ bytes, ends, answer, logs }) => {
  await using peer = await startFastCgiPeer(({ socket }) => {
    for (const one of bytes) socket.write(one)
    if (ends === 'end') socket.end()
    else if (ends === 'reset') resetNow(socket)
  })
  await using gateway = await serveGateway([peer.url])
  const found = await gateway.fetch()
  expect(`${found.status} ${found.text}`).toMatch(answer)
  for (const name of ['x-mine', 'keep-alive']) expect(found.headers(name), name).toEqual([])
  if (logs !== undefined) expect(gateway.records.join('\n')).toMatch(logs)
  expect(gateway.upstream.statistics).toMatchObject({ running: 0, waiting: 0, finished: 1 })
})

test('records that arrive byte by byte are one answer', async () => {
  await using peer = await startFastCgiPeer(({ socket }) => {
    const bytes = formatAnswer('slowly')
    let at = 0
    const timer = setInterval(() => {
      socket.write(bytes.subarray(at, at + 1))
      at += 1
      if (at === bytes.length) clearInterval(timer)
    }, 1)
    socket.on('close', () => clearInterval(timer))
  })
  await using gateway = await serveGateway([peer.url])
  expect(await gateway.get()).toBe('200 slowly')
})

test('an answer that has begun is cut off, never ended', async () => {
  await using peer = await startFastCgiPeer(({ socket }) => {
    socket.write(formatOutput(`${HEAD}begun`), () => socket.end())
  })
  await using gateway = await serveGateway([peer.url])
  expect(await gateway.fetch()).toMatchObject({ status: 200, text: 'begun', complete: false })
  expect(gateway.upstream.statistics).toMatchObject({ failed: 1, running: 0 })
})
