import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { formatEnd } from '../../src/wire/fastcgi/bodies.ts'
import { formatRecord, formatStream, RecordType } from '../../src/wire/fastcgi/records.ts'
import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'
import { fetchRaw, type RawResponse } from '../support/raw-client.ts'
import {
  startScriptedUpstream,
  type Script,
  type ScriptedProtocol,
  type ScriptedUpstream,
} from './scripted-upstream.ts'

/** What the client gets: a status with the text, or an answer that is cut. */
type Expected = number | 'cut'

type Row = readonly [name: string, expected: Expected, bytes: Buffer, end?: Script['end']]

const TEXT = 'answered'
const FIELDS = 'Content-Type: text/plain\r\n'
const LIMITS = { firstByte: '1s', betweenBytes: '1s' }

/** Answers of the CGI kind and what becomes of them, in any protocol. */
const OUTPUTS: readonly (readonly [name: string, expected: Expected, output: string])[] = [
  ['a whole answer', 200, `${FIELDS}\r\n${TEXT}`],
  ['lines that end with LF', 200, `Content-Type: text/plain\n\n${TEXT}`],
  ['a length that is right', 200, `${FIELDS}Content-Length: ${TEXT.length}\r\n\r\n${TEXT}`],
  ['a length that is too long', 'cut', `${FIELDS}Content-Length: 100\r\n\r\n${TEXT}`],
  ['two lengths', 502, `${FIELDS}Content-Length: 8\r\nContent-Length: 9\r\n\r\n${TEXT}`],
  ['a length that is no number', 502, `${FIELDS}Content-Length: eight\r\n\r\n${TEXT}`],
  ['nothing', 502, ''],
  ['no fields', 502, `\r\n${TEXT}`],
  ['half a head', 502, 'Content-Type: text/pl'],
  ['a line that is no field', 502, `${FIELDS}nonsense\r\n\r\n${TEXT}`],
  ['a NUL in a field', 502, `X-Lab: a\0b\r\n${FIELDS}\r\n${TEXT}`],
  ['a CR in a field', 502, `X-Lab: a\rb\r\n${FIELDS}\r\n${TEXT}`],
  ['a head without end', 502, `${FIELDS}X-Lab: ${'x'.repeat(1_000_000)}`],
]

/** Statuses of CGI. */
const STATUSES = ['099', '100', '101', '199', '600', '999', 'twenty', '200\r\nStatus: 201'].map(
  (status): (typeof OUTPUTS)[number] => [
    `the status ${JSON.stringify(status)}`,
    502,
    `Status: ${status}\r\n${FIELDS}\r\n${TEXT}`,
  ],
)

const stdout = (text: string, id = 1): Buffer =>
  Buffer.concat(formatStream(RecordType.STDOUT, id, Buffer.from(text, 'latin1')))
const stderr = (text: string): Buffer =>
  Buffer.concat(formatStream(RecordType.STDERR, 1, Buffer.from(text, 'latin1')))
const STDOUT_END = formatRecord(RecordType.STDOUT, 1)
const formatEndRecord = (protocolStatus: number, appStatus = 0): Buffer =>
  formatRecord(RecordType.END_REQUEST, 1, formatEnd({ appStatus, protocolStatus }))
const END = formatEndRecord(0)
const ANSWER = stdout(`${FIELDS}\r\n${TEXT}`)

/** A record whose content is followed by the longest padding. */
function padLongest(record: Buffer): Buffer {
  const padded = Buffer.concat([record, Buffer.alloc(255 - (record[6] ?? 0))])
  padded[6] = 255
  return padded
}

const FASTCGI: readonly Row[] = [
  ...[...OUTPUTS, ...STATUSES].map(([name, expected, output]): Row => [
    name,
    expected,
    Buffer.concat([stdout(output), STDOUT_END, END]),
    'stays',
  ]),
  ['no bytes at all', 502, Buffer.alloc(0), 'closes'],
  ['a reset', 502, Buffer.alloc(0), 'resets'],
  ['half a record', 502, ANSWER.subarray(0, 5), 'closes'],
  ['another version', 502, Buffer.concat([Buffer.from([2]), ANSWER.subarray(1)]), 'stays'],
  ['HTTP', 502, Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), 'stays'],
  ['END without the end of STDOUT', 200, Buffer.concat([ANSWER, END]), 'stays'],
  ['the end of STDOUT without END', 'cut', Buffer.concat([ANSWER, STDOUT_END]), 'closes'],
  ['a reset after END', 200, Buffer.concat([ANSWER, END]), 'resets'],
  ['a reset before END', 'cut', ANSWER, 'resets'],
  ['END at once', 502, END, 'stays'],
  ['a status of the application', 200, Buffer.concat([ANSWER, formatEndRecord(0, 7)]), 'stays'],
  ['no multiplexing', 503, formatEndRecord(1), 'stays'],
  ['overload', 503, formatEndRecord(2), 'stays'],
  ['an unknown role', 500, formatEndRecord(3), 'stays'],
  ['STDERR after STDOUT', 200, Buffer.concat([ANSWER, STDOUT_END, stderr('oh\n'), END]), 'stays'],
  ['much STDERR without a line', 200, Buffer.concat([stderr('x'.repeat(3_000_000)), ANSWER, END])],
  ['a type that nobody knows', 200, Buffer.concat([formatRecord(42, 1), ANSWER, END]), 'stays'],
  ['a record of nobody', 200, Buffer.concat([stdout('evil', 7), ANSWER, END]), 'stays'],
  ['the longest padding', 200, Buffer.concat([padLongest(ANSWER), padLongest(END)]), 'stays'],
  ['a short END', 502, Buffer.concat([ANSWER, formatRecord(3, 1, Buffer.alloc(3))]), 'stays'],
  ['bytes after END', 200, Buffer.concat([ANSWER, END, ANSWER, END]), 'stays'],
  ['silence', 504, Buffer.alloc(0), 'stays'],
  ['half a head and silence', 504, stdout('Content-Type: te'), 'stays'],
  ['half a body and silence', 'cut', ANSWER, 'stays'],
]

const SCGI: readonly Row[] = [
  ...[...OUTPUTS, ...STATUSES].map(([name, expected, output]): Row => [
    name,
    expected,
    Buffer.from(output, 'latin1'),
    'closes',
  ]),
  ['a reset', 502, Buffer.alloc(0), 'resets'],
  ['a reset after half a body', 'cut', Buffer.from(`${FIELDS}\r\n${TEXT}`), 'resets'],
  ['silence', 504, Buffer.alloc(0), 'stays'],
  ['half a head and silence', 504, Buffer.from('Content-Type: te'), 'stays'],
  ['half a body and silence', 'cut', Buffer.from(`${FIELDS}\r\n${TEXT}`), 'stays'],
]

const UWSGI: readonly Row[] = [
  ...OUTPUTS.filter(([name]) => name !== 'nothing').map(([name, expected, output]): Row => [
    name,
    // HTTP asks for no field.
    name === 'no fields' ? 200 : expected,
    Buffer.from(`HTTP/1.1 200 OK\r\n${output}`, 'latin1'),
    'closes',
  ]),
  ['nothing', 502, Buffer.alloc(0), 'closes'],
  ['a head of CGI', 502, Buffer.from(`Status: 200 OK\r\n${FIELDS}\r\n${TEXT}`), 'closes'],
  ['the status 99', 502, Buffer.from(`HTTP/1.1 99 Low\r\n${FIELDS}\r\n${TEXT}`), 'closes'],
  ['the status 999', 502, Buffer.from(`HTTP/1.1 999 Odd\r\n${FIELDS}\r\n${TEXT}`), 'closes'],
  ['a reset', 502, Buffer.alloc(0), 'resets'],
  ['silence', 504, Buffer.alloc(0), 'stays'],
  ['half a head and silence', 504, Buffer.from('HTTP/1.1 200 OK\r\nX'), 'stays'],
]

const TABLES = { fastcgi: FASTCGI, scgi: SCGI, uwsgi: UWSGI } as const
const PROTOCOLS: readonly ScriptedProtocol[] = ['fastcgi', 'scgi', 'uwsgi']

describe.each(PROTOCOLS)('an upstream that speaks %s', (protocol) => {
  const rows = TABLES[protocol]
  let upstream: ScriptedUpstream
  let taipan: RunningTaipan
  let project: Project

  beforeAll(async () => {
    upstream = await startScriptedUpstream(protocol, (path) => {
      const [, , bytes, end] = rows[Number.parseInt(path.slice(1), 10)] ?? []
      if (bytes === undefined) throw new Error(`no row ${path}`)
      return { bytes, end: end ?? 'closes' }
    })
    const urls = [`${protocol}://127.0.0.1:${upstream.port}`]
    const route = { path: '/', upstream: { urls, timeouts: LIMITS, connections: 64 } }
    project = createProject({ 'taipan.config.json': JSON.stringify({ routes: [route] }) })
    taipan = await startTaipan(['-b', '127.0.0.1:0'], { cwd: project.folder })
  })
  afterAll(async () => {
    await taipan.stop()
    await upstream[Symbol.asyncDispose]()
    project[Symbol.dispose]()
  })

  const ask = async (index: number): Promise<RawResponse> => await fetchRaw(taipan.url, `/${index}`)
  const listed = rows.map(([name, expected], index) => ({ name, expected, index }))

  test.each(listed)('that sends $name: $expected', async ({ expected, index }) => {
    check(await ask(index), expected)
  })

  test('gets no variables that a client has put behind a NUL', async () => {
    const answer = await fetchRaw(taipan.url, '/0%00REMOTE_USER%00root%00X')
    expect(answer.status).toBe(protocol === 'scgi' ? 400 : 200)
  })

  test('and does all of it at once, beside requests that are answered', async () => {
    const good = listed.findIndex(({ name }) => name === 'a whole answer')
    const rounds = Array.from({ length: 3 }, () => listed).flat()
    const answers = rounds.flatMap(({ expected, index }) => [
      ask(index).then((answer) => check(answer, expected)),
      ask(good).then((answer) => check(answer, 200)),
    ])
    await Promise.all(answers)
  })
})

function check(answer: RawResponse, expected: Expected): void {
  if (expected === 'cut') expect([answer.status, answer.complete]).toEqual([200, false])
  else expect(answer.status).toBe(expected)
  if (expected === 200) expect([answer.complete, answer.text]).toEqual([true, TEXT])
}
