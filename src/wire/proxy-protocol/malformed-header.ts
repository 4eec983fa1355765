import { TaipanError } from '../../core/errors.ts'

/** What is wrong with a header that is none. */
export function createMalformedHeader(reason: string): TaipanError {
  return new TaipanError('REQUEST_MALFORMED', `no PROXY header: ${reason}`)
}

/** Throws unless `bytes` may become `start`, or continue it. */
export function expectStart(bytes: Buffer, start: Buffer): void {
  const length = Math.min(bytes.length, start.length)
  if (bytes.compare(start, 0, length, 0, length) !== 0)
    throw createMalformedHeader('the connection does not begin with one')
}
