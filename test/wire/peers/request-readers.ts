import { formatEnd, parseBegin, Role } from '../../../src/wire/fastcgi/bodies.ts'
import { PairDecoder } from '../../../src/wire/fastcgi/pairs.ts'
import { formatRecord, RecordDecoder, RecordType } from '../../../src/wire/fastcgi/records.ts'
import { ScgiHeadDecoder } from '../../../src/wire/scgi/request.ts'
import { PacketDecoder } from '../../../src/wire/uwsgi/packet.ts'

/** A request of another server, as our codecs understand it. */
export interface Recorded {
  /** Names and values in turn. */
  readonly variables: readonly string[]
  readonly body: Buffer
  /** Of FastCGI. */
  readonly role?: number
  readonly keepsConnection?: boolean
  /** Of uwsgi. */
  readonly modifier?: number
}

/** Reads one request from a connection. */
export interface RequestReader {
  /** The request, once it is whole. */
  push(chunk: Buffer): Recorded | undefined
  /** Bytes of an answer with this head and body. */
  formatAnswer(head: string, body: string): Buffer
}

const LIMIT = 1_000_000
const CODE = 'REQUEST_MALFORMED'

/** A request of FastCGI, which ends with STDIN; that of an authorizer ends with its variables. */
export class FastcgiReader implements RequestReader {
  readonly #pairs = new PairDecoder(LIMIT, CODE)
  readonly #body: Buffer[] = []
  #begin = { role: 0, keepsConnection: false }
  #id = 0
  #ended = false
  readonly #decoder = new RecordDecoder(
    {
      onRecord: ({ type, id, length }, chunk, start, end) => {
        const content = chunk.subarray(start, end)
        if (type === RecordType.BEGIN_REQUEST) this.#begin = parseBegin(content, CODE)
        if (type === RecordType.PARAMS) this.#pairs.push(content)
        if (type === RecordType.STDIN) this.#body.push(content)
        const last = this.#begin.role === Role.AUTHORIZER ? RecordType.PARAMS : RecordType.STDIN
        this.#id = id
        this.#ended ||= type === last && length === 0
      },
    },
    CODE,
  )

  push(chunk: Buffer): Recorded | undefined {
    this.#decoder.push(chunk)
    if (!this.#ended) return undefined
    return { ...this.#begin, variables: this.#pairs.end(), body: Buffer.concat(this.#body) }
  }

  formatAnswer(head: string, body: string): Buffer {
    return Buffer.concat([
      formatRecord(
        RecordType.STDOUT,
        this.#id,
        Buffer.from(`Status: 200 OK\r\n${head}\r\n${body}`),
      ),
      formatRecord(RecordType.STDOUT, this.#id),
      formatRecord(
        RecordType.END_REQUEST,
        this.#id,
        formatEnd({ appStatus: 0, protocolStatus: 0 }),
      ),
    ])
  }
}

/** A request whose head tells the length of its body. */
abstract class SizedReader implements RequestReader {
  #head: Omit<Recorded, 'body'> | undefined
  #size = 0
  #body = Buffer.alloc(0)

  push(chunk: Buffer): Recorded | undefined {
    let rest = chunk
    if (this.#head === undefined) {
      const found = this.readHead(chunk)
      if (found === undefined) return undefined
      ;({ size: this.#size, head: this.#head, rest } = found)
    }
    this.#body = Buffer.concat([this.#body, rest])
    return this.#body.length < this.#size ? undefined : { ...this.#head, body: this.#body }
  }

  protected abstract readHead(
    chunk: Buffer,
  ): { head: Omit<Recorded, 'body'>; size: number; rest: Buffer } | undefined

  abstract formatAnswer(head: string, body: string): Buffer
}

/** A request of SCGI. */
export class ScgiReader extends SizedReader {
  readonly #decoder = new ScgiHeadDecoder(LIMIT, CODE)

  protected readHead(chunk: Buffer) {
    const found = this.#decoder.push(chunk)
    if (found === undefined) return undefined
    const { variables, contentLength: size, rest } = found
    return { head: { variables }, size, rest }
  }

  formatAnswer(head: string, body: string): Buffer {
    return Buffer.from(`Status: 200 OK\r\n${head}\r\n${body}`)
  }
}

/** A request of uwsgi. */
export class UwsgiReader extends SizedReader {
  readonly #decoder = new PacketDecoder(CODE)

  protected readHead(chunk: Buffer) {
    const found = this.#decoder.push(chunk)
    if (found === undefined) return undefined
    const { variables, modifier, rest } = found
    const size = Number(variables[variables.indexOf('CONTENT_LENGTH') + 1] ?? 0)
    return { head: { variables, modifier }, size, rest }
  }

  formatAnswer(head: string, body: string): Buffer {
    return Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n${body}`)
  }
}
