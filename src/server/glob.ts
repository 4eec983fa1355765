import { basename } from 'node:path'

const WILDCARDS: Readonly<Record<string, string>> = {
  '**/': '(?:[^/]+/)*',
  '**': '.*',
  '*': '[^/]*',
  '?': '[^/]',
}

/** Tests whether a path matches any pattern: `*.html` matches a name in any folder, a pattern with a slash the whole path. */
export function createMatcher(patterns: readonly string[]): (path: string) => boolean {
  const rules = patterns.map((pattern) => {
    const plain = pattern.replace(/^\.\//, '').replace(/\/$/, '')
    return { isPath: plain.includes('/'), expression: createExpression(plain) }
  })
  return (path) =>
    rules.some(({ isPath, expression }) => expression.test(isPath ? path : basename(path)))
}

/** Likewise for the rest of a URL without its first slash; a pattern that begins with a slash is for the whole rest. */
export function createRestMatcher(pattern: string): (rest: string) => boolean {
  const matches = createMatcher([pattern])
  return pattern.startsWith('/') ? (rest) => matches(`/${rest}`) : matches
}

function createExpression(pattern: string): RegExp {
  const source = pattern.replaceAll(
    /\*\*\/|\*\*|[*?]|[.+^${}()|[\]\\]/g,
    (part) => WILDCARDS[part] ?? `\\${part}`,
  )
  return new RegExp(`^${source}$`)
}
