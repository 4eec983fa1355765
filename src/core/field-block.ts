import { trimOws } from './ows.ts'

/** Field names and values in order, not merged: `[name, value, name, value, ...]`, one character per byte (latin-1). */
export type FieldPairs = readonly string[]

/** Fields without those of the given names, which are in lower case. */
export function withoutFields(pairs: FieldPairs, names: ReadonlySet<string>): FieldPairs {
  return pairs.filter((_, at) => !names.has((pairs[at - (at % 2)] ?? '').toLowerCase()))
}

/** Checked fields of a response, as lines for HTTP/1 or as pairs. */
export class FieldBlock {
  /** Lines `Name: value\r\n`, latin-1, without the empty line at the end. */
  readonly text: string
  #pairs: FieldPairs | undefined

  /** `text` must be checked: names are tokens, values have no line breaks. */
  constructor(text: string) {
    this.text = text
  }

  /** The same fields as pairs; parsed once, on demand. */
  get pairs(): FieldPairs {
    return (this.#pairs ??= parsePairs(this.text))
  }
}

/** A block without fields. */
export const NO_FIELDS = new FieldBlock('')

function parsePairs(text: string): FieldPairs {
  const pairs: string[] = []
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\r\n', at)
    const colon = text.indexOf(':', at)
    const value = trimOws(text.slice(colon + 1, end))
    pairs.push(text.slice(at, colon), value)
    at = end + 2
  }
  return pairs
}
