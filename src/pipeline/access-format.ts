import { TaipanError } from '../core/errors.ts'
import { findDirective, listDirectives, type AccessFormat } from './access-directives.ts'

const COMMON = '%h %l %u %t "%r" %>s %b'
const NAMED: Readonly<Record<string, string>> = {
  common: COMMON,
  combined: `${COMMON} "%{Referer}i" "%{User-Agent}i"`,
}

/** A directive with what may stand before its name, or the text between two. */
const PART = /%(!?\d{3}(?:,\d{3})*)?[<>]?(?:\{([^}]*)\})?([A-Za-z%]?)|[^%]+/g

/** Makes the line of an exchange, without its end, by `common`, `combined`, or a template in Apache's syntax. Throws `CONFIG_INVALID` with what was expected, and the directive that is unknown. */
export function parseAccessFormat(text: string): AccessFormat {
  const template = NAMED[text] ?? text
  if (!template.includes('%'))
    throw new TaipanError(
      'CONFIG_INVALID',
      '"pretty", "json", "common", "combined" or a template of directives like "%h %t %r %>s"',
    )
  const parts: (string | AccessFormat)[] = []
  for (const [whole, condition, name, letter = ''] of template.matchAll(PART))
    parts.push(whole.startsWith('%') ? parseDirective({ whole, condition, name, letter }) : whole)
  return (exchange, outcome) => {
    let line = ''
    for (const part of parts) line += typeof part === 'string' ? part : part(exchange, outcome)
    return line
  }
}

interface Directive {
  readonly whole: string
  /** Statuses for which it is told, or after `!` is not told. */
  readonly condition: string | undefined
  readonly name: string | undefined
  readonly letter: string
}

function parseDirective({ whole, condition, name, letter }: Directive): string | AccessFormat {
  if (whole === '%%') return '%'
  const found = findDirective(letter, name)
  if (found !== undefined) return condition === undefined ? found : limit(found, condition)
  throw new TaipanError(
    'CONFIG_INVALID',
    `directives out of ${listDirectives().join(' ')} instead of ${JSON.stringify(whole)}`,
  )
}

function limit(format: AccessFormat, condition: string): AccessFormat {
  const isExcluded = condition.startsWith('!')
  const statuses = new Set(condition.replace('!', '').split(',').map(Number))
  return (exchange, outcome) =>
    statuses.has(outcome.status) === isExcluded ? '-' : format(exchange, outcome)
}
