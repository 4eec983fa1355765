import { TaipanError } from '../../core/errors.ts'
import { createTextHead } from '../../core/response-head.ts'
import { reasonPhrase } from '../../core/status.ts'
import type { FormatHead } from '../../wire/cgi-head.ts'

/** The response by which a front itself refuses a request, latin-1. Messages of such errors never quote the request. */
export function formatRefusal(
  { facts, message }: TaipanError,
  formatHead: FormatHead,
  bodiless = false,
): string {
  const status = facts.status ?? 400
  const text = `${reasonPhrase(status)}: ${message}\n`
  const head = formatHead(createTextHead(status, text.length, listFields(status)), undefined)
  return bodiless ? head : head + text
}

/** The answer 503 with a text, latin-1. */
export function formatUnavailable(text: string, formatHead: FormatHead): string {
  return formatHead(createTextHead(503, text.length, listFields(503)), undefined) + text
}

function listFields(status: number): readonly string[] {
  return status === 503 ? ['Retry-After', '5'] : []
}

/** Errors of the decoders as they are; any other error is a bug of Taipan. */
export function toRefusable(error: unknown): TaipanError {
  if (error instanceof TaipanError) return error
  return new TaipanError('INTERNAL', 'the request could not be parsed', { cause: error })
}
