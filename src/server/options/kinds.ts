import { z } from 'zod'
import { parseAccessFormat } from '../../pipeline/access-format.ts'
import { parseDuration, parseSize } from './units.ts'

/** What each kind of value expects, for error messages. */
const WORDS = {
  text: 'a text',
  boolean: 'true or false',
  duration: 'a duration: milliseconds, or a text like "500ms", "30s", "5m", "1h"',
  size: 'a size: bytes, or a text like "64kb", "10mb", "1gb"',
  list: 'a text or a list of texts',
  pairs: 'an object of names and texts',
  processes: 'a whole number from 1 to 512, or "auto"',
} as const

/** Whether a duration is invalid only because it is a text without a unit. */
export function lacksUnit(message: string, value: unknown): value is string {
  return message === WORDS.duration && typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)
}

/** A text that is not empty. */
export const text = z.string({ error: WORDS.text }).min(1, { error: 'a text that is not empty' })

/** How requests are shown. */
export const accessFormat = text.check(({ value, issues }) => {
  try {
    if (value !== 'pretty') parseAccessFormat(value)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    issues.push({ code: 'custom', message, input: value })
  }
})

/** True or false. */
export const boolean = z.boolean({ error: WORDS.boolean })

/** An object of names and texts. */
export const pairs = z.record(
  z.string().regex(/^[^=\0]+$/, { error: 'a name without "=" and NUL' }),
  z.string({ error: WORDS.text }).regex(/^[^\0]*$/, { error: 'a text without NUL' }),
  { error: WORDS.pairs },
)

/** One text or a list of texts; gives a list. */
export const list = z
  .union([text, z.array(text)], { error: WORDS.list })
  .transform((value) => (typeof value === 'string' ? [value] : value))

/** A duration; gives milliseconds. */
export const duration = z
  .union(
    [
      z.number().nonnegative({ error: WORDS.duration }),
      z.string().regex(/^\d+(\.\d+)?\s*(ms|s|m|h)$/, { error: WORDS.duration }),
    ],
    { error: WORDS.duration },
  )
  .transform((value) => (typeof value === 'number' ? value : (parseDuration(value) ?? 0)))
  // Node's timers take 31 bits; a longer one would fire at once.
  .refine((value) => value <= 2 ** 31 - 1, { error: 'a duration of at most 24 days' })

/** A size; gives bytes. */
export const size = z
  .union(
    [
      z.number().int({ error: WORDS.size }).nonnegative({ error: WORDS.size }),
      z.string().regex(/^\d+(\.\d+)?\s*[kKmMgG]?[bB]$/, { error: WORDS.size }),
    ],
    { error: WORDS.size },
  )
  .transform((value) => (typeof value === 'number' ? value : (parseSize(value) ?? 0)))

/** A whole number from `minimum` to `maximum`. */
export function integer(
  minimum: number,
  maximum = 1_000_000,
  error = `a whole number from ${minimum}${maximum < 1_000_000 ? ` to ${maximum}` : ''}`,
): z.ZodNumber {
  return z.number({ error }).int({ error }).min(minimum, { error }).max(maximum, { error })
}

/** A number of processes, or `auto` for one per processor. */
export const processes = z.union([integer(1, 512, WORDS.processes), z.literal('auto')], {
  error: WORDS.processes,
})

/** One of several words. */
export function choice<const T extends readonly [string, ...string[]]>(
  words: T,
): z.ZodEnum<z.core.util.ToEnum<T[number]>> {
  return z.enum(words, { error: words.map((word) => JSON.stringify(word)).join(' or ') })
}

/** The value of a header field. */
export const fieldValue = text.regex(/^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/, {
  error: 'the value of a header field: printable ASCII',
})
