import mime from 'mime'

const FALLBACK = 'application/octet-stream'

/** The media type of a file name; texts are said to be UTF-8. */
export function resolveContentType(path: string): string {
  const type = mime.getType(path) ?? FALLBACK
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}
