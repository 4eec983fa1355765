import { parseAccessFormat } from '../../pipeline/access-format.ts'
import { isRecord } from '../config/record.ts'
import { enter, INVALID, refuse, type JsonSchema, type Kind, type Place } from './kind.ts'
import { parseDuration, parseSize } from './units.ts'

/** What each kind of value expects, for error messages. */
const WORDS = {
  text: 'a text',
  notEmpty: 'a text that is not empty',
  boolean: 'true or false',
  duration: 'a duration: milliseconds, or a text like "500ms", "30s", "5m", "1h"',
  size: 'a size: bytes, or a text like "64kb", "10mb", "1gb"',
  list: 'a text or a list of texts',
  pairs: 'an object of names and texts',
  processes: 'a whole number from 1 to 512, or "auto"',
} as const
// Node's timers take 31 bits; a longer one would fire at once.
const LONGEST_DURATION = 2 ** 31 - 1
const FIELD_VALUE = /^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/

/** Whether a duration is invalid only because it is a text without a unit. */
export function lacksUnit(expected: string, value: unknown): value is string {
  return expected === WORDS.duration && typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)
}

/** A text that is not empty. */
export const text: Kind<string, string> = {
  jsonSchema: { type: 'string', minLength: 1 },
  read(value, place) {
    if (typeof value !== 'string') return refuse(place, WORDS.text)
    return value === '' ? refuse(place, WORDS.notEmpty) : value
  },
}

/** A text that is not empty, or null. */
export const textOrNull: Kind<string | null, string | null> = {
  jsonSchema: { anyOf: [text.jsonSchema, { type: 'null' }] },
  read: (value, place) => (value === null ? null : text.read(value, place)),
}

/** The name of a file, or false. */
export const fileOrFalse: Kind<string | false, string | false> = {
  jsonSchema: { anyOf: [text.jsonSchema, { type: 'boolean', const: false }] },
  read(value, place) {
    if (typeof value === 'string') return text.read(value, place)
    return value === false ? value : refuse(place, 'a file name, or false')
  },
}

/** How requests are shown. */
export const accessFormat: Kind<string, string> = {
  jsonSchema: text.jsonSchema,
  read(value, place) {
    const format = text.read(value, place)
    try {
      if (format !== INVALID && format !== 'pretty') parseAccessFormat(format)
      return format
    } catch (error) {
      return refuse(place, error instanceof Error ? error.message : String(error))
    }
  },
}

/** The value of a header field. */
export const fieldValue: Kind<string, string> = {
  jsonSchema: { ...text.jsonSchema, pattern: FIELD_VALUE.source },
  read(value, place) {
    const field = text.read(value, place)
    if (field === INVALID || FIELD_VALUE.test(field)) return field
    return refuse(place, 'the value of a header field: printable ASCII')
  },
}

/** True or false. */
export const boolean: Kind<boolean, boolean> = {
  jsonSchema: { type: 'boolean' },
  read: (value, place) => (typeof value === 'boolean' ? value : refuse(place, WORDS.boolean)),
}

/** A duration; gives milliseconds. */
export const duration: Kind<number | string, number> = {
  jsonSchema: {
    anyOf: [
      { type: 'number', minimum: 0 },
      { type: 'string', pattern: /^\d+(\.\d+)?\s*(ms|s|m|h)$/.source },
    ],
  },
  read(value, place) {
    const time = typeof value === 'string' ? parseDuration(value) : value
    if (typeof time !== 'number' || !Number.isFinite(time) || time < 0)
      return refuse(place, WORDS.duration)
    return time > LONGEST_DURATION ? refuse(place, 'a duration of at most 24 days') : time
  },
}

/** A size; gives bytes. */
export const size: Kind<number | string, number> = {
  jsonSchema: {
    anyOf: [
      { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      { type: 'string', pattern: /^\d+(\.\d+)?\s*[kKmMgG]?[bB]$/.source },
    ],
  },
  read(value, place) {
    const bytes = typeof value === 'string' ? parseSize(value) : value
    return isWhole(bytes, 0, Number.MAX_SAFE_INTEGER) ? bytes : refuse(place, WORDS.size)
  },
}

/** A whole number from `minimum` to `maximum`. */
export function integer(
  minimum: number,
  maximum = 1_000_000,
  expected = `a whole number from ${minimum}${maximum < 1_000_000 ? ` to ${maximum}` : ''}`,
): Kind<number, number> {
  return {
    jsonSchema: { type: 'integer', minimum, maximum },
    read: (value, place) => (isWhole(value, minimum, maximum) ? value : refuse(place, expected)),
  }
}

function isWhole(value: unknown, minimum: number, maximum: number): value is number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  return value >= minimum && value <= maximum
}

const processCount = integer(1, 512, WORDS.processes)

/** A number of processes, or `auto` for one per processor. */
export const processes: Kind<number | 'auto', number | 'auto'> = {
  jsonSchema: { anyOf: [processCount.jsonSchema, { type: 'string', const: 'auto' }] },
  read: (value, place) => (value === 'auto' ? value : processCount.read(value, place)),
}

/** One of several words. */
export function choice<const W extends string>(words: readonly W[]): Kind<W, W> {
  const expected = words.map((word) => JSON.stringify(word)).join(' or ')
  return {
    jsonSchema: { type: 'string', enum: words },
    read: (value, place) => words.find((word) => word === value) ?? refuse(place, expected),
  }
}

/** One of several numbers. */
export function numberChoice<const N extends number>(
  numbers: readonly N[],
  expected: string,
): Kind<N, N> {
  return {
    jsonSchema: { anyOf: numbers.map((number) => ({ type: 'number', const: number })) },
    read: (value, place) => numbers.find((number) => number === value) ?? refuse(place, expected),
  }
}

/** A list of values of one kind. */
export function listOf<G, M>(kind: Kind<G, M>, expected: string): Kind<G[], M[]> {
  return {
    jsonSchema: { type: 'array', items: kind.jsonSchema },
    read(value, place) {
      if (!Array.isArray(value)) return refuse(place, expected)
      return value.flatMap((one, index) => {
        const member = kind.read(one, enter(place, String(index)))
        return member === INVALID ? [] : [member]
      })
    },
  }
}

const texts = listOf(text, WORDS.list)

/** One text or a list of texts; gives a list. */
export const list: Kind<string | string[], string[]> = {
  jsonSchema: { anyOf: [text.jsonSchema, texts.jsonSchema] },
  read(value, place) {
    if (!Array.isArray(value)) {
      const only = typeof value === 'string' ? text.read(value, place) : refuse(place, WORDS.list)
      return only === INVALID ? only : [only]
    }
    const wrong = value.some((one) => typeof one !== 'string')
    return wrong ? refuse(place, WORDS.list) : texts.read(value, place)
  },
}

/** What the names of an object may be. */
export interface Names {
  readonly jsonSchema: JsonSchema
  readonly pattern: RegExp
  readonly expected: string
}

const ANY_NAME: Names = { jsonSchema: text.jsonSchema, pattern: /./s, expected: WORDS.notEmpty }

/** An object with any names, and values of one kind. */
export function recordOf<G, M>(
  kind: Kind<G, M>,
  expected: string,
  names = ANY_NAME,
): Kind<Record<string, G>, Record<string, M>> {
  return {
    jsonSchema: {
      type: 'object',
      propertyNames: names.jsonSchema,
      additionalProperties: kind.jsonSchema,
    },
    read(value, place) {
      if (!isPlainObject(value)) return refuse(place, expected)
      const members: [string, M][] = []
      for (const [name, one] of Object.entries(value)) {
        const at = enter(place, name)
        const member = names.pattern.test(name)
          ? kind.read(one, at)
          : refuseName(at, names.expected)
        if (member !== INVALID) members.push([name, member])
      }
      return Object.fromEntries(members)
    },
  }
}

/** Whether a value is an object of no class. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.hasOwn(Object(prototype), 'isPrototypeOf')
}

function refuseName({ path, issues }: Place, expected: string): typeof INVALID {
  issues.push({ path, about: 'name', expected })
  return INVALID
}

const NAME = /^[^=\0]+$/
const PLAIN_TEXT = /^[^\0]*$/

const plainText: Kind<string, string> = {
  jsonSchema: { type: 'string', pattern: PLAIN_TEXT.source },
  read(value, place) {
    if (typeof value !== 'string') return refuse(place, WORDS.text)
    return PLAIN_TEXT.test(value) ? value : refuse(place, 'a text without NUL')
  },
}

/** An object of names and texts. */
export const pairs = recordOf(plainText, WORDS.pairs, {
  jsonSchema: { type: 'string', pattern: NAME.source },
  pattern: NAME,
  expected: 'a name without "=" and NUL',
})
