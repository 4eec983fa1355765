const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Whether the value of an Authorization field has this scheme. */
export function hasScheme(field: string, scheme: 'basic' | 'digest'): boolean {
  const end = scheme.length
  return field[end] === ' ' && field.slice(0, end).toLowerCase() === scheme
}

/** Text of a client. Old ones send latin-1, whatever they are asked for. */
export function decodeCredentials(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}
