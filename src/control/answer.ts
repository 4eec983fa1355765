import type { Exchange } from '../core/exchange.ts'
import type { FieldPairs } from '../core/field-block.ts'
import { createResponseHead } from '../core/response-head.ts'

/** An answer to one who controls. */
export interface ControlAnswer {
  readonly status: number
  /** Is sent as JSON, unless it is a text of another type. */
  readonly body: unknown
  /** Content-Type of a body that is a text. */
  readonly type?: string
  readonly fields?: FieldPairs
}

/** What every answer of an error has. */
export interface ErrorBody {
  readonly error: {
    /** One of those of `docs/errors.md`, or absent. */
    readonly code?: string
    readonly message: string
    /** Python's traceback; absent: there is none. */
    readonly traceback?: string
  }
}

/** Makes the answer to what cannot be done. */
export function refuse(status: number, message: string, fields: FieldPairs = []): ControlAnswer {
  const body: ErrorBody = { error: { message } }
  return { status, body, fields }
}

/** Sends an answer. The front leaves out the body for HEAD. */
export function sendAnswer({ response }: Exchange, answer: ControlAnswer): void {
  const { status, body, type, fields = [] } = answer
  const text = typeof body === 'string' && type !== undefined ? body : `${JSON.stringify(body)}\n`
  const bytes = Buffer.from(text, 'utf8')
  const head = createResponseHead(status, [
    'Content-Type',
    type ?? 'application/json',
    'Content-Length',
    String(bytes.length),
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
    ...fields,
  ])
  response.send(head, bytes)
}
