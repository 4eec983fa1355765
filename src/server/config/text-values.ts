import { TaipanError } from '../../core/errors.ts'
import type { Option } from '../option-types/option.ts'

/** Converts the texts of a flag or a variable; the schema checks the result. A text that does not fit is returned as it is, or throws `USAGE`. */
export function parseTexts(
  texts: readonly string[],
  { form = 'text', anchor }: Pick<Option, 'form' | 'anchor'>,
): unknown {
  const last = texts.at(-1) ?? ''
  if (form === 'list') return texts
  if (form === 'pairs') return parsePairs(texts, anchor === 'path' ? 'URL=DIR' : 'NAME=VALUE')
  if (form === 'boolean') return parseBoolean(last)
  // Zero is the same in every unit; other numbers have to say theirs.
  if (form === 'duration') return last === '0' ? 0 : last
  if (form === 'number' || form === 'processes') return parseNumber(last)
  return last
}

function parsePairs(texts: readonly string[], pattern: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const text of texts) {
    const equals = text.indexOf('=')
    if (equals < 1)
      throw new TaipanError('USAGE', `expected ${pattern}, found ${JSON.stringify(text)}`)
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
