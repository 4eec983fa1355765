import { TaipanError } from '../../core/errors.ts'
import { trimOws } from '../../core/ows.ts'
import { createMalformed } from './malformed.ts'

/** Accepts only `chunked`. `value` is all Transfer-Encoding lines, joined by commas (RFC 9112, 6.1). */
export function validateTransferCoding(value: string): void {
  if (value.length === 7 && value.toLowerCase() === 'chunked') return
  const codings = value.split(',').map((coding) => trimOws(coding).toLowerCase())
  const chunked = codings.indexOf('chunked')
  if (codings.includes('') || (chunked >= 0 && chunked < codings.length - 1))
    throw createMalformed('Transfer-Encoding is empty, or chunked is not its last coding')
  if (codings.length > 1 || chunked < 0)
    throw new TaipanError('NOT_IMPLEMENTED', 'the only transfer coding supported is chunked')
}
