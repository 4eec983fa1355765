import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { ERRORS, TaipanError, type ErrorCode } from '../../core/errors.ts'
import type { ControlPlan } from '../../server/config/resolve-control.ts'
import { formatAddress } from '../../streams/listening/addresses.ts'

/** Speaks with the control server of a plan. */
export class ControlClient {
  readonly #plan: ControlPlan

  constructor(plan: ControlPlan) {
    this.#plan = plan
  }

  get address(): string {
    return formatAddress(this.#plan.address)
  }

  /** Asks for something. Rejects with `CONTROL_UNREACHABLE`, or with the error that the server tells. */
  async get(path: string): Promise<unknown> {
    return await this.#send('GET', path)
  }

  /** Tells something. Rejects as `get`. */
  async post(path: string, body: unknown = {}): Promise<unknown> {
    return await this.#send('POST', path, JSON.stringify(body))
  }

  async #send(method: string, path: string, body?: string): Promise<unknown> {
    const response = await this.#open(method, path, body)
    const answer = parse(await text(response))
    const { statusCode = 0 } = response
    if (statusCode >= 200 && statusCode < 300) return answer
    throw this.#describe(statusCode, answer)
  }

  #open(method: string, path: string, body: string | undefined): Promise<IncomingMessage> {
    const { address, token } = this.#plan
    const place =
      address.kind === 'unix'
        ? { socketPath: address.path, headers: { Host: 'localhost' } }
        : { host: address.host, port: address.port }
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...place, method, path, agent: false }, resolve)
      if (token !== undefined) outgoing.setHeader('Authorization', `Bearer ${token}`)
      if (body !== undefined) outgoing.setHeader('Content-Type', 'application/json')
      outgoing.once('error', (error) => reject(this.#explain(error)))
      outgoing.end(body)
    })
  }

  #explain(error: Error): TaipanError {
    const code = 'code' in error ? String(error.code) : error.message
    return new TaipanError('CONTROL_UNREACHABLE', `${this.address}: ${WORDS[code] ?? code}`, {
      cause: error,
    })
  }

  #describe(status: number, answer: unknown): TaipanError {
    const told: unknown = Reflect.get(Object(answer), 'error')
    const read = (key: string): string => {
      const value: unknown = Reflect.get(Object(told), key)
      return typeof value === 'string' ? value : ''
    }
    const code = read('code')
    const message = read('message') || `${this.address} answered with status ${status}`
    // What is refused is no failure of the server, whose code would count.
    const known: ErrorCode = status >= 500 && isErrorCode(code) ? code : 'CONTROL_REFUSED'
    return new TaipanError(known, message, { cause: read('traceback') || undefined })
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket; is the server running, with this address as "control"?',
  ECONNREFUSED: 'nothing listens there; is the server running, with this address as "control"?',
  EACCES: 'permission denied; control the server as its own user, or as root',
  ECONNRESET: 'the server ended before it answered',
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
