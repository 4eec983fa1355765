import { trimOws } from '../core/ows.ts'

/** What one proxy tells in a Forwarded field. */
export interface ForwardedElement {
  /** The element as it was written. */
  readonly text: string
  /** Values by parameter, in lower case, without quotes. */
  readonly parameters: ReadonlyMap<string, string>
}

const PAIR =
  /[ \t]*([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w:[\]-]+)|"((?:[^"\\]|\\.)*)")[ \t]*/y

/** Parses the values of Forwarded fields (RFC 7239, 4), joined by commas; undefined if the syntax is broken anywhere. */
export function parseForwarded(value: string): ForwardedElement[] | undefined {
  const elements: ForwardedElement[] = []
  let at = 0
  while (at <= value.length) {
    const found = parseElement(value, at)
    if (found === undefined) return undefined
    const { parameters, end } = found
    if (parameters.size > 0) elements.push({ text: trimOws(value.slice(at, end)), parameters })
    at = end + 1
  }
  return elements
}

/** An element may be empty, as in any list (RFC 9110, 5.6.1). */
function parseElement(value: string, start: number) {
  const parameters = new Map<string, string>()
  let at = start
  for (;;) {
    PAIR.lastIndex = at
    const [whole = '', name, token, quoted] = PAIR.exec(value) ?? []
    if (name === undefined) at = skipSpace(value, at)
    else {
      if (parameters.has(name.toLowerCase())) return undefined
      parameters.set(name.toLowerCase(), token ?? (quoted ?? '').replaceAll(/\\(.)/g, '$1'))
      at += whole.length
    }
    if (at >= value.length || value[at] === ',') return { parameters, end: at }
    if (value[at] !== ';') return undefined
    at += 1
  }
}

function skipSpace(value: string, start: number): number {
  let at = start
  while (value[at] === ' ' || value[at] === '\t') at += 1
  return at
}
