import { parseEnd, formatBegin, Role, type EndBody } from '../../../src/wire/fastcgi/bodies.ts'
import { dividePairs } from '../../../src/wire/fastcgi/pairs.ts'
import {
  formatRecord,
  formatStream,
  RECORD_CONTENT_LIMIT,
  RecordDecoder,
  RecordType,
} from '../../../src/wire/fastcgi/records.ts'
import { openRaw, type Address, type RawConnection } from '../../support/raw-client.ts'

/** A request in records. */
export interface FastcgiRequest {
  /** Names and values in turn. */
  readonly params: readonly string[]
  readonly stdin?: Uint8Array
  /** Of a filter. */
  readonly data?: Uint8Array
  /** One of `Role`; a responder by default. */
  readonly role?: number
  readonly keepsConnection?: boolean
  readonly id?: number
}

/** What came back for one request. */
export interface FastcgiAnswer {
  readonly stdout: string
  readonly stderr: string
  /** Undefined if the connection ended before it. */
  readonly end: EndBody | undefined
}

/** The bytes of a request. */
export function formatFastcgiRequest(request: FastcgiRequest): Buffer {
  const { params, stdin = new Uint8Array(), data, role = Role.RESPONDER, id = 1 } = request
  const keepsConnection = request.keepsConnection ?? false
  return Buffer.concat([
    formatRecord(RecordType.BEGIN_REQUEST, id, formatBegin({ role, keepsConnection })),
    ...dividePairs(params, RECORD_CONTENT_LIMIT).map((pairs) =>
      formatRecord(RecordType.PARAMS, id, pairs),
    ),
    formatRecord(RecordType.PARAMS, id),
    ...formatStream(RecordType.STDIN, id, stdin),
    formatRecord(RecordType.STDIN, id),
    ...(data === undefined ? [] : formatStream(RecordType.DATA, id, data)),
    ...(data === undefined ? [] : [formatRecord(RecordType.DATA, id)]),
  ])
}

/** A connection to a FastCGI application. */
export class FastcgiClient {
  readonly connection: RawConnection
  readonly #answers = new Map<number, Collected>()
  /** Contents of management records, by type. */
  readonly management = new Map<number, Buffer>()
  readonly #decoder = new RecordDecoder(
    {
      onRecord: ({ type, id }, chunk, start, end) =>
        this.#take(type, id, chunk.subarray(start, end)),
    },
    'UPSTREAM_FAILED',
  )
  #seen = 0

  private constructor(connection: RawConnection) {
    this.connection = connection
  }

  /** Connects. */
  static async open(address: Address): Promise<FastcgiClient> {
    return new FastcgiClient(await openRaw(address))
  }

  /** Sends a request, and waits for its end or that of the connection. */
  async ask(request: FastcgiRequest): Promise<FastcgiAnswer> {
    this.connection.send(formatFastcgiRequest(request))
    return await this.readAnswer(request.id)
  }

  /** Waits for the end of a request, or that of the connection. */
  async readAnswer(id = 1): Promise<FastcgiAnswer> {
    await this.waitUntil(() => this.#collect(id).end !== undefined, 'END_REQUEST')
    const { stdout, stderr, end } = this.#collect(id)
    this.#answers.delete(id)
    const text = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString('latin1')
    return { stdout: text(stdout), stderr: text(stderr), end }
  }

  /** Decodes what arrives until the condition holds or the connection has ended. */
  async waitUntil(condition: () => boolean, what: string): Promise<void> {
    await this.connection.waitUntil(() => {
      const { rest, ended } = this.connection
      this.#decoder.push(rest.subarray(this.#seen))
      this.#seen = rest.length
      return condition() || ended
    }, what)
  }

  [Symbol.dispose](): void {
    this.connection.destroy()
  }

  #take(type: number, id: number, content: Buffer): void {
    if (id === 0) this.management.set(type, Buffer.from(content))
    const answer = this.#collect(id)
    if (type === RecordType.STDOUT) answer.stdout.push(content)
    if (type === RecordType.STDERR) answer.stderr.push(content)
    if (type === RecordType.END_REQUEST) answer.end = parseEnd(content, 'UPSTREAM_FAILED')
  }

  #collect(id: number): Collected {
    const answer = this.#answers.get(id) ?? { stdout: [], stderr: [], end: undefined }
    this.#answers.set(id, answer)
    return answer
  }
}

interface Collected {
  readonly stdout: Buffer[]
  readonly stderr: Buffer[]
  end: EndBody | undefined
}

/** Sends one request on a connection of its own. */
export async function askFastcgi(
  address: Address,
  request: FastcgiRequest,
): Promise<FastcgiAnswer> {
  using client = await FastcgiClient.open(address)
  return await client.ask(request)
}
