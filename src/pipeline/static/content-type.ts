import type * as mimeModule from 'mime'

const FALLBACK = 'application/octet-stream'

let loading: Promise<typeof mimeModule> | undefined

/** Loads the table of media types, which only servers of files need. */
export function loadContentTypes(): Promise<typeof mimeModule> {
  return (loading ??= import('mime'))
}

/** The media type for a file name; text types get `charset=utf-8`. */
export async function resolveContentType(path: string): Promise<string> {
  const { default: mime } = await loadContentTypes()
  const type = mime.getType(path) ?? FALLBACK
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}
