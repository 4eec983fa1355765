import mime from 'mime'

const FALLBACK = 'application/octet-stream'

/** The media type for a file name; text types get `charset=utf-8`. */
export function resolveContentType(path: string): string {
  const type = mime.getType(path) ?? FALLBACK
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}
