import * as v from 'valibot'
import { parseAccessFormat } from '../../pipeline/access-format.ts'
import { parseLogPlace } from '../../telemetry/log-place.ts'
import { parseEditor } from './editors.ts'
import { plainObject } from './plain-object.ts'
import { parseDuration, parseSize } from './units.ts'

/** What each kind of value expects, for error messages. */
const WORDS = {
  text: 'a text',
  notEmpty: 'a text that is not empty',
  boolean: 'true or false',
  duration: 'a duration like "500ms", "30s", "5m", "1h"',
  period: 'a duration like "1h" or "365d"',
  interval: '"hour", "day", "week", or a duration from a minute on, like "30m", "6h" or "7d"',
  size: 'a size: bytes, or a text like "64kb", "10mb", "1gb"',
  list: 'a text or a list of texts',
  origin: 'an origin like "https://example.org"',
  pairs: 'an object of names and texts',
  processes:
    'a whole number from 1 to 512, "auto", or a range like "1-8" or { min: 1, max: 8, idle: "60s" }',
  threads: 'a whole number from 0 to 512, or "main"',
  function: 'a function',
  account: "a name, or a number like '#33'",
  octal: 'octal permissions such as 007',
} as const

/** Whether a duration is invalid only because it is a text without a unit. */
export function lacksUnit(message: string, value: unknown): value is string {
  return message === WORDS.duration && typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)
}

/** A text that is not empty. */
export const text = v.pipe(v.string(WORDS.text), v.nonEmpty(WORDS.notEmpty))

/** How requests are shown. */
export const accessFormat = parsable((value) => {
  if (value !== 'pretty' && value !== 'json') parseAccessFormat(value)
})

/** Where log records go. */
export const logPlace = parsable(parseLogPlace)

/** What opens files from a browser. */
export const editor = parsable(parseEditor)

/** A text that a parser accepts; it throws with what it expects. */
function parsable(parse: (value: string) => unknown): v.GenericSchema<string> {
  return v.pipe(
    text,
    v.rawCheck(({ dataset, addIssue }) => {
      try {
        if (dataset.typed) parse(dataset.value)
      } catch (error) {
        addIssue({ message: error instanceof Error ? error.message : String(error) })
      }
    }),
  )
}

/** The value of a header field. */
export const fieldValue = v.pipe(
  text,
  v.regex(
    /^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/,
    'the value of a header field: printable ASCII',
  ),
)

/** True or false. */
export const boolean = v.boolean(WORDS.boolean)

/** An object with any names, and values of one kind. */
export function recordOf<G, M>(
  schema: v.GenericSchema<G, M>,
  expected: string,
): v.GenericSchema<Record<string, G>, Record<string, M>> {
  return plainObject(v.record(name, schema), expected)
}

const name = v.pipe(v.string(), v.nonEmpty(WORDS.notEmpty))

/** An object of names and texts. */
export const pairs = plainObject(
  v.record(
    v.pipe(v.string(), v.regex(/^[^=\0]+$/, 'a name without "=" and NUL')),
    v.pipe(v.string(WORDS.text), v.regex(/^[^\0]*$/, 'a text without NUL')),
  ),
  WORDS.pairs,
)

/** One text or a list of texts; gives a list. */
export const list = v.pipe(
  v.union([text, v.array(text)], WORDS.list),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
)

/** A list of texts, which may be empty. */
export const texts = v.array(v.string(WORDS.text), 'a list of texts')

/** One origin of pages or a list of them, as browsers write them; gives a list. */
export const origins = v.pipe(
  list,
  v.array(v.pipe(v.string(), v.regex(/^(?:null|[a-z][a-z\d+.-]*:\/\/\S+)$/i, WORDS.origin))),
)

/** A duration; gives milliseconds. */
export const duration = v.pipe(
  v.union(
    [
      v.pipe(v.number(WORDS.duration), v.minValue(0, WORDS.duration)),
      v.pipe(v.string(), v.regex(/^\d+(\.\d+)?\s*(ms|s|m|h|d)$/, WORDS.duration)),
    ],
    WORDS.duration,
  ),
  v.transform((value) => (typeof value === 'number' ? value : (parseDuration(value) ?? 0))),
  // Node's timers take 31 bits; a longer one would fire at once.
  v.maxValue(2 ** 31 - 1, 'a duration of at most 24 days'),
)

/** A duration that no timer measures, of any length; gives milliseconds. */
export const period = v.pipe(
  v.string(WORDS.period),
  v.regex(/^\d{1,6}(\.\d+)?\s*(ms|s|m|h|d)$/, WORDS.period),
  v.transform((value) => parseDuration(value) ?? 0),
)

const INTERVALS: Readonly<Record<string, string>> = { hour: '1h', day: '1d', week: '7d' }

/** A time that comes again and again; gives milliseconds. */
export const interval = v.pipe(
  v.string(WORDS.interval),
  v.regex(/^(?:hour|day|week|\d{1,6}(?:\.\d+)?\s*[mhd])$/, WORDS.interval),
  v.transform((value) => parseDuration(INTERVALS[value] ?? value) ?? 0),
  v.minValue(60_000, WORDS.interval),
)

/** A size; gives bytes. */
export const size = v.pipe(
  v.union(
    [
      v.pipe(v.number(), v.safeInteger(WORDS.size), v.minValue(0, WORDS.size)),
      v.pipe(v.string(), v.regex(/^\d+(\.\d+)?\s*[kKmMgG]?[bB]$/, WORDS.size)),
    ],
    WORDS.size,
  ),
  v.transform((value) => (typeof value === 'number' ? value : (parseSize(value) ?? 0))),
)

/** A size that is not zero. */
export const sizeAboveZero = v.pipe(size, v.minValue(1, 'a size of at least 1 byte'))

/** A user or group of the system: its name, or `#` and its number. */
export const account = v.pipe(
  v.string(WORDS.account),
  v.regex(/^(?:#\d{1,10}|[^\s:#][^\s:]*)$/, WORDS.account),
)

/** Permissions in octal digits; gives the number. */
export const octal = v.pipe(
  v.string(WORDS.octal),
  v.regex(/^(?:0o)?0*[0-7]{1,3}$/, WORDS.octal),
  v.transform((value) => Number.parseInt(value.replace('0o', ''), 8)),
)

/** A whole number from `minimum` to `maximum`. */
export function integer(
  minimum: number,
  maximum = 1_000_000,
  expected = `a whole number from ${minimum}${maximum < 1_000_000 ? ` to ${maximum}` : ''}`,
): v.GenericSchema<number> {
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(minimum, expected),
    v.maxValue(maximum, expected),
  )
}

const someProcesses = integer(1, 512, WORDS.processes)
const most = v.union([someProcesses, v.literal('auto')], WORDS.processes)

const range = plainObject(
  v.pipe(
    v.strictObject(
      {
        min: v.optional(integer(0, 512, WORDS.processes), 1),
        max: most,
        idle: v.optional(duration, '60s'),
      },
      WORDS.processes,
    ),
    v.check(({ min, max }) => max === 'auto' || min <= max, WORDS.processes),
  ),
  WORDS.processes,
)

const rangeText = v.pipe(
  v.string(),
  v.regex(/^\d{1,3}-(?:\d{1,3}|auto)$/, WORDS.processes),
  v.transform((value): v.InferInput<typeof range> => {
    const [min, max] = value.split('-')
    return { min: Number(min), max: max === 'auto' ? max : Number(max) }
  }),
  range,
)

/** A number of processes, `auto` for one per processor, or from how many to how many there are. */
export const processes = v.union(
  [someProcesses, v.literal('auto'), rangeText, range],
  WORDS.processes,
)

/** A number of threads, or `main` for the main thread alone. */
export const threads = v.union([integer(0, 512, WORDS.threads), v.literal('main')], WORDS.threads)

/** One of several words. */
export function choice<const W extends readonly string[]>(words: W): v.PicklistSchema<W, string> {
  return v.picklist(words, words.map((word) => JSON.stringify(word)).join(' or '))
}

/** A function, which only a configuration in JavaScript or TypeScript can have. */
export function functionOf<F>(): v.GenericSchema<F> {
  return v.custom<F>((value) => typeof value === 'function', WORDS.function)
}
