import { decodePercent } from '../../wire/percent.ts'

/**
 * Where a raw request path leads inside a static folder: a relative path in UTF-8 that begins with a slash,
 * with a slash at the end for folders; empty for the folder itself. Undefined for everything that
 * must not be looked for: encoded separators, NUL, dot segments, hidden names, empty segments.
 */
export function resolveFilePath(rest: string): string | undefined {
  if (rest === '' || rest === '/') return rest
  if (rest.includes('%') && /%(?:2f|5c|00)/i.test(rest)) return undefined
  const decoded = decodePercent(rest)
  if (/[\0\\]|\/\//.test(decoded)) return undefined
  // Hidden names are dot segments too. Well-known URIs (RFC 8615) are meant to be public.
  const visible = decoded.startsWith('/.well-known/')
    ? decoded.slice('/.well-known'.length)
    : decoded
  if (visible.includes('/.')) return undefined
  return Buffer.from(decoded, 'latin1').toString('utf8')
}
