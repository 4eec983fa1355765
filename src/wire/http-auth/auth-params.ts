const PARAMETER =
  /[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]+))[ \t]*(?:,|$)/y
const EMPTY = /[ \t]*(?:,|$)/y

/**
 * Parses the parameters of an Authorization field (RFC 9110, 11.2), names in lower case. Undefined if they break the
 * grammar, or one is given twice.
 */
export function parseAuthParams(text: string): ReadonlyMap<string, string> | undefined {
  const params = new Map<string, string>()
  let at = 0
  while (at < text.length) {
    EMPTY.lastIndex = at
    if (EMPTY.test(text)) {
      at = EMPTY.lastIndex
      continue
    }
    PARAMETER.lastIndex = at
    const found = PARAMETER.exec(text)
    if (found === null) return undefined
    at = PARAMETER.lastIndex
    const [, name = '', quoted, token = ''] = found
    const key = name.toLowerCase()
    if (params.has(key)) return undefined
    params.set(key, quoted === undefined ? token : quoted.replaceAll(/\\(.)/g, '$1'))
  }
  return params
}
