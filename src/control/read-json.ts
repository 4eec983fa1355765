import type { RequestBody } from '../core/exchange.ts'
import { CollectedBytes } from '../wire/collected-bytes.ts'

/** Commands are short. */
const LIMIT = 16 * 1024

/** Why a body is not taken. */
export interface BodyProblem {
  readonly status: 400 | 413
  readonly message: string
}

/** The JSON in a body, or why there is none; undefined for an empty body. The front has a deadline for it. */
export async function readJson(
  body: RequestBody,
): Promise<{ readonly value: unknown } | { readonly problem: BodyProblem }> {
  const bytes = await collect(body)
  if (bytes === undefined)
    return { problem: { status: 413, message: `the body is longer than ${LIMIT} bytes` } }
  if (bytes.length === 0) return { value: undefined }
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return { value }
  } catch {
    return { problem: { status: 400, message: 'the body is not JSON' } }
  }
}

/** Undefined when it is too long, or will never be whole. */
async function collect(body: RequestBody): Promise<Buffer | undefined> {
  const bytes = new CollectedBytes()
  for (;;) {
    const piece = body.take()
    if (piece !== undefined) bytes.push(Buffer.from(piece))
    if (bytes.length > LIMIT || body.error !== undefined) return undefined
    if (body.complete && body.buffered === 0) return bytes.join()
    await new Promise<void>((resolve) => {
      body.onProgress = resolve
      body.request(LIMIT + 1)
    })
    body.onProgress = undefined
  }
}
