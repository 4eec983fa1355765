import type { FieldPairs } from '../../core/field-block.ts'
import { trimOws } from '../../core/ows.ts'
import { readField } from '../field-values.ts'
import { parseHttpDate } from '../../wire/http-date.ts'

/** Identify a version of a file. */
export interface Validators {
  /** A strong entity tag, with quotes. */
  readonly etag: string
  /** Whole seconds since 1970. */
  readonly lastModified: number
}

/** Result of the preconditions of a GET or HEAD: send the file, 304, or 412. */
export type PreconditionResult = 'proceed' | 'not-modified' | 'failed'

/** Evaluates the conditional fields in the order of RFC 9110, 13.2.2. */
export function evaluatePreconditions(
  fields: FieldPairs,
  validators: Validators,
): PreconditionResult {
  const ifMatch = readField(fields, 'if-match')
  if (ifMatch !== undefined) {
    if (!matchesStrongly(ifMatch, validators.etag)) return 'failed'
  } else if (isModifiedSince(readField(fields, 'if-unmodified-since'), validators) === true)
    return 'failed'
  const ifNoneMatch = readField(fields, 'if-none-match')
  if (ifNoneMatch !== undefined)
    return matchesWeakly(ifNoneMatch, validators.etag) ? 'not-modified' : 'proceed'
  return isModifiedSince(readField(fields, 'if-modified-since'), validators) === false
    ? 'not-modified'
    : 'proceed'
}

/** Whether the Range field applies: there is no If-Range, or it names this version (RFC 9110, 13.1.5). */
export function allowsRange(fields: FieldPairs, validators: Validators): boolean {
  const ifRange = readField(fields, 'if-range')
  if (ifRange === undefined) return true
  if (ifRange.endsWith('"')) return ifRange === validators.etag
  return parseHttpDate(ifRange) === validators.lastModified
}

/** Undefined without a date or with an invalid one, because such a field is ignored. */
function isModifiedSince(date: string | undefined, validators: Validators): boolean | undefined {
  const seconds = date === undefined ? undefined : parseHttpDate(date)
  return seconds === undefined ? undefined : validators.lastModified > seconds
}

function matchesStrongly(list: string, etag: string): boolean {
  return trimOws(list) === '*' || parseEntityTags(list).includes(etag)
}

function matchesWeakly(list: string, etag: string): boolean {
  if (trimOws(list) === '*') return true
  return parseEntityTags(list).some((tag) => tag === etag || tag === `W/${etag}`)
}

function parseEntityTags(list: string): readonly string[] {
  return list.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? []
}
