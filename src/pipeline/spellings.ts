import { decodeLatin1, decodePercent } from '../wire/percent.ts'

// What cannot be another spelling of a path that consists of such characters.
const PLAIN = /^(?:\/[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)*\/?$/

/**
 * The segments of a raw path as the most tolerant program reads it: decoded, in lower case, without empty segments and
 * dots that lead nowhere. Undefined if that is how it is written.
 */
export function readTolerantly(path: string): readonly string[] | undefined {
  return PLAIN.test(path) ? undefined : splitTolerantly(decodePercent(path))
}

/** As `readTolerantly`, for a decoded path: one character per byte. */
export function splitTolerantly(decoded: string): readonly string[] {
  const text = foldCase(decodeLatin1(decoded))
  const segments: string[] = []
  for (const part of text.split(/[/\\]/)) {
    if (part === '..') segments.pop()
    else {
      const name = part.replace(/[\0:;].*$/s, '').replace(/[. ]+$/, '')
      if (name !== '') segments.push(name)
    }
  }
  return segments
}

/** As file systems compare names that know no case, and some that overlook invisible characters. */
function foldCase(text: string): string {
  const visible = text.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
  return visible.normalize('NFC').toUpperCase().toLowerCase()
}
