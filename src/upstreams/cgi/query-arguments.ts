import { decodeLatin1, decodePercent } from '../../wire/percent.ts'

/** The words of a query without `=`, which a program gets as its arguments (RFC 3875, 4.4); none if one cannot be passed. */
export function readQueryArguments(method: string, query: string): string[] {
  if ((method !== 'GET' && method !== 'HEAD') || query === '' || query.includes('=')) return []
  const words = query.split('+').map((word) => decodeLatin1(decodePercent(word)))
  return words.some((word) => word.includes('\0')) ? [] : words
}
