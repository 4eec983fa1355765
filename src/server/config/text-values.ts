import type { TextForm } from '../option-types/option.ts'

/** Converts the texts of a flag or a variable; the schema checks the result. A text that does not fit is returned as it is. */
export function parseTexts(texts: readonly string[], form: TextForm, name: string): unknown {
  const last = texts.at(-1) ?? ''
  if (form === 'list') return texts
  if (form === 'pairs') return parsePairs(texts, name)
  if (form === 'boolean') return parseBoolean(last)
  // Zero is the same in every unit; other numbers have to say theirs.
  if (form === 'duration') return last === '0' ? 0 : last
  if (form === 'number' || (form === 'processes' && last !== 'auto')) return parseNumber(last)
  return last
}

/** An invalid text of a flag or a variable. */
export class TextProblem extends Error {}

function parsePairs(texts: readonly string[], name: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const text of texts) {
    const equals = text.indexOf('=')
    if (equals < 1)
      throw new TextProblem(
        `${name}: expected ${name.endsWith('static') || name.endsWith('STATIC') ? 'URL=DIR' : 'NAME=VALUE'}, found ${JSON.stringify(text)}`,
      )
    pairs[text.slice(0, equals)] = text.slice(equals + 1)
  }
  return pairs
}

function parseNumber(text: string): unknown {
  return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

function parseBoolean(text: string): unknown {
  if (/^(1|true|yes|on)$/i.test(text)) return true
  if (/^(0|false|no|off|)$/i.test(text)) return false
  return text
}
