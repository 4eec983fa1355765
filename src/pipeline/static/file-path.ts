import { decodeLatin1, decodePercent } from '../../wire/percent.ts'

/**
 * The file that a raw request path names inside a static folder: a relative path in UTF-8 that begins with a slash, with a
 * slash at the end for folders; empty for the static folder itself. Undefined for paths that are never served: encoded
 * separators, NUL, dot segments, hidden names, empty segments.
 */
export function resolveFilePath(rest: string): string | undefined {
  if (rest === '' || rest === '/') return rest
  if (rest.includes('%') && /%(?:2f|5c|00)/i.test(rest)) return undefined
  const decoded = decodePercent(rest)
  if (/[\0\\]|\/\//.test(decoded)) return undefined
  // Names that begin with a dot are hidden or dot segments. Well-known URIs (RFC 8615) are public.
  const visible = decoded.startsWith('/.well-known/')
    ? decoded.slice('/.well-known'.length)
    : decoded
  if (visible.includes('/.')) return undefined
  return decodeLatin1(decoded)
}
