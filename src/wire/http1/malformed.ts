import { TaipanError } from '../../core/errors.ts'

/** The 400 for broken syntax. `reason` is sent to the client, so it never quotes the request. */
export function createMalformed(reason: string): TaipanError {
  return new TaipanError('REQUEST_MALFORMED', reason)
}
