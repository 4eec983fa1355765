import { formatBegin, parseEnd, Role } from '../../../src/wire/fastcgi/bodies.ts'
import { formatPairs } from '../../../src/wire/fastcgi/pairs.ts'
import { formatRecord, formatStream, RecordType } from '../../../src/wire/fastcgi/records.ts'
import { formatScgiHead } from '../../../src/wire/scgi/request.ts'
import { formatPacket } from '../../../src/wire/uwsgi/packet.ts'
import type { RequestHead } from '../../../src/core/exchange.ts'
import type { Protocol } from '../../../src/streams/listening/addresses.ts'
import {
  decodeAnswer,
  formatData,
  formatGoaway,
  formatHead,
  formatWideStart,
  requestFields,
} from '../../support/http2-frames.ts'
import { openHttp2 } from '../../support/http2-raw.ts'
import {
  formatRequest,
  openRaw,
  toBuffer,
  type Bytes,
  type RawConnection,
} from '../../support/raw-client.ts'
import { parseResponse } from '../../support/raw-response.ts'

/** A request in any protocol. */
export interface Asked {
  readonly method?: string
  /** Path with query. */
  readonly target?: string
  readonly fields?: readonly (readonly [name: string, value: string])[]
  readonly body?: Bytes
  /** Announced length of a body that is sent in part only. */
  readonly length?: number
}

/** An answer in any protocol. */
export interface Answered {
  readonly status: number
  /** First value of each field, by name in lower case. */
  readonly fields: ReadonlyMap<string, string>
  readonly body: Buffer
  readonly complete: boolean
}

/** How a client of a front speaks. */
export interface Dialect {
  readonly name: string
  readonly protocol: Protocol
  readonly version: RequestHead['version']
  /** Fields that are left out, by the library, where others are refused. */
  readonly leavesOut?: readonly string[]
  /** Clients without a place are told so. */
  readonly tellsCrowded: boolean
  open(url: string): Promise<RawConnection>
  /** One request, after whose answer the front closes. */
  format(asked: Asked): Buffer
  /** More of the body of a request. */
  formatBody(bytes: Bytes): Buffer
  /** What has arrived until the end of the connection; undefined for no answer. */
  parse(
    bytes: Buffer,
    method: string,
    broken: boolean,
  ): Answered | undefined | Promise<Answered | undefined>
}

const PLAIN = { version: '1.1', tellsCrowded: true, open: openRaw } as const

/** All protocols of fronts. */
export const DIALECTS: readonly Dialect[] = [
  {
    name: 'http',
    protocol: 'http',
    ...PLAIN,
    format: ({ fields = [], body, length, ...rest }) => {
      const headers: [string, string][] = [['Connection', 'close']]
      for (const [name, value] of fields) headers.push([name, value])
      if (length === undefined) return formatRequest({ ...rest, headers, body: body ?? '' })
      headers.push(['Content-Length', String(length)])
      return Buffer.concat([formatRequest({ ...rest, headers }), toBuffer(body ?? '')])
    },
    formatBody: toBuffer,
    parse: (bytes, method) => {
      const response = parseResponse(bytes, { method, ended: true })?.response
      return response && { ...response, fields: toMap(response.fields) }
    },
  },
  {
    name: 'http2',
    protocol: 'http',
    version: '2',
    tellsCrowded: false,
    leavesOut: ['a control character in a field', 'a host that is none'],
    open: openHttp2,
    format: ({ method = 'GET', target, fields = [], body = '', length }) => {
      const size = length ?? toBuffer(body).length
      const lower = fields.map(([name, value]) => [name.toLowerCase(), value] as const)
      const sized = size === 0 ? lower : [...lower, ['content-length', String(size)] as const]
      const head = formatHead(1, requestFields(target, method, sized), size === 0 ? 1 : 0)
      const data = size === 0 ? '' : formatData(1, body, length === undefined)
      return Buffer.concat([formatWideStart(), head, toBuffer(data), formatGoaway()])
    },
    formatBody: (bytes) => formatData(1, bytes, false),
    parse: async (bytes, method) => {
      const answer = await decodeAnswer(bytes, method)
      if (answer === undefined) return undefined
      const fields = Object.entries(answer.fields).map(
        ([name, value]) => [name, String(value)] as const,
      )
      return { ...answer, fields: toMap(fields) }
    },
  },
  {
    name: 'fastcgi',
    protocol: 'fastcgi',
    ...PLAIN,
    format: (asked) => {
      const records = [
        formatRecord(RecordType.BEGIN_REQUEST, 1, begin(Role.RESPONDER)),
        ...formatStream(RecordType.PARAMS, 1, formatPairs(listVariables(asked))),
        formatRecord(RecordType.PARAMS, 1),
        ...formatStream(RecordType.STDIN, 1, toBuffer(asked.body ?? '')),
      ]
      if (asked.length === undefined) records.push(formatRecord(RecordType.STDIN, 1))
      return Buffer.concat(records)
    },
    formatBody: (bytes) => Buffer.concat(formatStream(RecordType.STDIN, 1, toBuffer(bytes))),
    parse: (bytes, method) => {
      const { output, ended } = readRecords(bytes)
      return parseHead(output, { statusLine: false, complete: ended, method })
    },
  },
  {
    name: 'scgi',
    protocol: 'scgi',
    ...PLAIN,
    format: (asked) => {
      const head = formatScgiHead(listVariables(asked), bodyLength(asked))
      return Buffer.concat([head, toBuffer(asked.body ?? '')])
    },
    formatBody: toBuffer,
    parse: (bytes, method, broken) =>
      parseHead(bytes, { statusLine: false, complete: !broken, method }),
  },
  {
    name: 'uwsgi',
    protocol: 'uwsgi',
    ...PLAIN,
    format: (asked) =>
      Buffer.concat([formatPacket(listVariables(asked), 0), toBuffer(asked.body ?? '')]),
    formatBody: toBuffer,
    parse: (bytes, method, broken) =>
      parseHead(bytes, { statusLine: true, complete: !broken, method }),
  },
]

function begin(role: number): Buffer {
  return formatBegin({ role, keepsConnection: false })
}

function bodyLength({ body = '', length }: Asked): number {
  return length ?? toBuffer(body).length
}

/** The variables that a front server sends for a request. */
function listVariables(asked: Asked): string[] {
  const { method = 'GET', target = '/', fields = [] } = asked
  const [path = '', query = ''] = target.split('?')
  const variables = [
    ['REQUEST_METHOD', method],
    ['REQUEST_URI', target],
    ['SCRIPT_NAME', ''],
    ['PATH_INFO', decodeURIComponent(path)],
    ['QUERY_STRING', query],
    ['SERVER_PROTOCOL', 'HTTP/1.1'],
    ['SERVER_NAME', 'front.test'],
    ['SERVER_PORT', '80'],
    ['REMOTE_ADDR', '127.0.0.1'],
    ['REMOTE_PORT', '40000'],
    ['CONTENT_LENGTH', String(bodyLength(asked))],
    ['HTTP_HOST', 'taipan.test'],
  ]
  for (const [name, value] of fields) {
    const variable = name.toUpperCase().replaceAll('-', '_')
    variables.push([variable === 'CONTENT_TYPE' ? variable : `HTTP_${variable}`, value])
  }
  return variables.flat()
}

/** What STDOUT of request 1 has, and whether the request has ended. */
function readRecords(bytes: Buffer): { output: Buffer; ended: boolean } {
  const output: Buffer[] = []
  for (let at = 0; at + 8 <= bytes.length;) {
    const end = at + 8 + bytes.readUInt16BE(at + 4)
    const type = bytes.readUInt8(at + 1)
    const content = bytes.subarray(at + 8, end)
    if (type === RecordType.END_REQUEST && content.length === 8)
      return { output: Buffer.concat(output), ended: parseEnd(content, 'INTERNAL').appStatus === 0 }
    if (type === RecordType.STDOUT) output.push(content)
    at = end + bytes.readUInt8(at + 6)
  }
  return { output: Buffer.concat(output), ended: false }
}

function parseHead(
  bytes: Buffer,
  { statusLine, complete, method }: { statusLine: boolean; complete: boolean; method: string },
): Answered | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const lines = bytes.toString('latin1', 0, end).split('\r\n')
  const first = statusLine ? lines.shift() : undefined
  const fields = toMap(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()]
    }),
  )
  const status = first === undefined ? fields.get('status') : first.replace('HTTP/1.1 ', '')
  const body = bytes.subarray(end + 4)
  const length = fields.get('content-length')
  return {
    status: Number(status?.slice(0, 3)),
    fields,
    body,
    complete:
      complete && (length === undefined || method === 'HEAD' || body.length === Number(length)),
  }
}

function toMap(fields: readonly (readonly [string, string])[]): Map<string, string> {
  const map = new Map<string, string>()
  for (const [name, value] of fields) {
    const lower = name.toLowerCase()
    if (!map.has(lower)) map.set(lower, value)
  }
  return map
}
