import { trimOws } from '../../core/ows.ts'

/** Part of a file, in bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** The parts that a Range field asks for; `whole` when it is to be ignored. */
export type RangeResult = 'whole' | 'unsatisfiable' | readonly ByteRange[]

// Each part costs a head; only attackers ask for more.
const MAX_RANGES = 16

/**
 * Parses a Range field for a file of `size` bytes (RFC 9110, 14.2). Overlapping parts are merged, so that a response is
 * never longer than the file. More than 16 remaining parts mean `whole`.
 */
export function parseRanges(field: string, size: number): RangeResult {
  const specs = /^[\t ]*bytes[\t ]*=(.*)$/i.exec(field)?.[1]?.split(',')
  if (specs === undefined || size === 0) return 'whole'
  const ranges: ByteRange[] = []
  let named = 0
  for (const spec of specs) {
    const text = trimOws(spec)
    if (text === '') continue
    const range = parseSpec(text, size)
    if (range === 'invalid') return 'whole'
    named += 1
    if (range !== 'unsatisfiable') ranges.push(range)
  }
  if (named === 0) return 'whole'
  if (ranges.length === 0) return 'unsatisfiable'
  const merged = mergeOverlapping(ranges)
  return merged.length > MAX_RANGES ? 'whole' : merged
}

function parseSpec(spec: string, size: number): ByteRange | 'invalid' | 'unsatisfiable' {
  const [, first, last] = /^(\d*)-(\d*)$/.exec(spec) ?? []
  if (first === undefined || last === undefined || first + last === '') return 'invalid'
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { offset: size - length, length }
  }
  const offset = Number(first)
  if (last !== '' && Number(last) < offset) return 'invalid'
  if (offset >= size) return 'unsatisfiable'
  const end = last === '' ? size : Math.min(Number(last) + 1, size)
  return { offset, length: end - offset }
}

/** Keeps the requested order unless parts overlap or touch. */
function mergeOverlapping(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const merged: ByteRange[] = []
  for (const range of ranges.toSorted((a, b) => a.offset - b.offset)) {
    const previous = merged.at(-1)
    if (previous === undefined || range.offset > previous.offset + previous.length) {
      merged.push(range)
      continue
    }
    const end = Math.max(previous.offset + previous.length, range.offset + range.length)
    merged[merged.length - 1] = { offset: previous.offset, length: end - previous.offset }
  }
  return merged.length === ranges.length ? ranges : merged
}
