import { formatBegin, parseEnd, Role, type EndBody } from '../../../src/wire/fastcgi/bodies.ts'
import { formatPairs } from '../../../src/wire/fastcgi/pairs.ts'
import {
  formatRecord,
  formatStream,
  RecordDecoder,
  RecordType,
} from '../../../src/wire/fastcgi/records.ts'
import { openRaw, toBuffer, type Bytes, type RawConnection } from '../../support/raw-client.ts'

/** A request of a front server. */
export interface FastCgiRequest {
  readonly id?: number
  readonly role?: number
  readonly keep?: boolean
  /** Beside REQUEST_METHOD, REQUEST_URI and PATH_INFO. */
  readonly variables?: Readonly<Record<string, string>>
  readonly path?: string
  readonly body?: Bytes
  /** DATA of a filter. */
  readonly data?: Bytes
}

/** A record that has arrived, whole. */
export interface ReceivedRecord {
  readonly type: number
  readonly id: number
  readonly content: Buffer
}

/** The end of a request, and its output. */
export interface FastCgiAnswer extends EndBody {
  readonly output: string
}

/** A connection of a front server; ends with its scope. */
export class FastCgiClient implements Disposable {
  readonly raw: RawConnection
  readonly records: ReceivedRecord[] = []
  readonly #decoder: RecordDecoder
  #read = 0

  constructor(raw: RawConnection) {
    this.raw = raw
    let parts: Buffer[] = []
    const onRecord = (
      { type, id, length }: { type: number; id: number; length: number },
      chunk: Buffer,
      start: number,
      end: number,
    ): void => {
      parts.push(Buffer.from(chunk.subarray(start, end)))
      const content = Buffer.concat(parts)
      if (content.length < length) return
      parts = []
      this.records.push({ type, id, content })
    }
    this.#decoder = new RecordDecoder({ onRecord }, 'UPSTREAM_FAILED')
  }

  /** Sends a record. */
  send(type: number, id: number, content?: Uint8Array): void {
    this.raw.send(formatRecord(type, id, content))
  }

  /** Sends a whole request. */
  request(request: FastCgiRequest): void {
    this.raw.send(formatFastCgi(request))
  }

  /** The answer to a request, once it has ended. */
  async answer(id = 1): Promise<FastCgiAnswer> {
    const end = await this.record(RecordType.END_REQUEST, id)
    const from = this.records.indexOf(end)
    const output = this.records
      .slice(0, from)
      .filter((one) => one.type === RecordType.STDOUT && one.id === id)
    this.records.splice(0, this.records.length, ...this.records.filter((one) => one.id !== id))
    return {
      ...parseEnd(end.content, 'UPSTREAM_FAILED'),
      output: Buffer.concat(output.map(({ content }) => content)).toString('latin1'),
    }
  }

  /** The first record of a type and a request, once it has arrived. */
  async record(type: number, id: number): Promise<ReceivedRecord> {
    let found: ReceivedRecord | undefined
    await this.raw.waitUntil(() => {
      const all = this.raw.rest
      this.#decoder.push(Buffer.from(all.subarray(this.#read)))
      this.#read = all.length
      found = this.records.find((one) => one.type === type && one.id === id)
      return found !== undefined || this.raw.ended
    }, `a record of type ${type} for request ${id}`)
    if (found === undefined) throw new Error(`the connection ended before a record ${type}`)
    return found
  }

  [Symbol.dispose](): void {
    this.raw[Symbol.dispose]()
  }
}

/** Opens a connection. */
export async function openFastCgi(url: string): Promise<FastCgiClient> {
  return new FastCgiClient(await openRaw(url))
}

/** The records of a whole request. */
export function formatFastCgi(request: FastCgiRequest): Buffer {
  const { id = 1, role = Role.RESPONDER, keep = true, path = '/', body = '', data } = request
  const variables = {
    REQUEST_METHOD: 'GET',
    REQUEST_URI: path,
    PATH_INFO: path,
    ...request.variables,
  }
  const records = [
    formatRecord(RecordType.BEGIN_REQUEST, id, formatBegin({ role, keepsConnection: keep })),
    ...formatStream(RecordType.PARAMS, id, formatPairs(Object.entries(variables).flat())),
    formatRecord(RecordType.PARAMS, id),
  ]
  if (role === Role.AUTHORIZER) return Buffer.concat(records)
  records.push(...formatStream(RecordType.STDIN, id, toBuffer(body)))
  records.push(formatRecord(RecordType.STDIN, id))
  if (data !== undefined) {
    records.push(...formatStream(RecordType.DATA, id, toBuffer(data)))
    records.push(formatRecord(RecordType.DATA, id))
  }
  return Buffer.concat(records)
}
