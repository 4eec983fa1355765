import { TaipanError } from '../../core/errors.ts'

/** The 400 of everything that breaks the grammar; `reason` is shown to the client and never quotes what it sent. */
export function createMalformed(reason: string): TaipanError {
  return new TaipanError('REQUEST_MALFORMED', reason)
}
