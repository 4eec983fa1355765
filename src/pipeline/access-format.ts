import { TaipanError } from '../core/errors.ts'
import type { Exchange, Outcome } from '../core/exchange.ts'
import { encodeLatin1 } from '../wire/percent.ts'
import { escapeLogItem, formatClfTime } from './clf.ts'
import { readField } from './field-values.ts'

/** Makes the line of an exchange, without a line end. */
export type AccessFormat = (exchange: Exchange, outcome: Outcome) => string

const COMMON = '%h %l %u %t "%r" %>s %b'
const NAMED: Readonly<Record<string, string>> = {
  common: COMMON,
  combined: `${COMMON} "%{Referer}i" "%{User-Agent}i"`,
}

const DIRECTIVES: Readonly<Record<string, AccessFormat>> = {
  a: formatAddress,
  h: formatAddress,
  l: () => '-',
  u: ({ notes }) => (notes.user === '' ? '-' : escapeLogItem(encodeLatin1(notes.user))),
  t: ({ startedAt }) => formatClfTime(Date.now() - (performance.now() - startedAt)),
  r: ({ request: { method, target, version } }) =>
    escapeLogItem(`${method} ${target} ${formatProtocol(version)}`),
  s: (_, { status }) => (status === 0 ? '-' : String(status)),
  b: (_, { bytes }) => (bytes === 0 ? '-' : String(bytes)),
  B: (_, { bytes }) => String(bytes),
  D: ({ startedAt }) => String(Math.round((performance.now() - startedAt) * 1000)),
  T: ({ startedAt }) => String(Math.floor((performance.now() - startedAt) / 1000)),
  m: ({ request }) => escapeLogItem(request.method),
  U: ({ request }) => escapeLogItem(request.path),
  q: ({ request }) => escapeLogItem(request.target.slice(request.path.length)),
  H: ({ request }) => formatProtocol(request.version),
  v: ({ request }) => escapeLogItem(request.host.replace(/:\d*$/, '')) || '-',
  V: ({ request }) => escapeLogItem(request.host.replace(/:\d*$/, '')) || '-',
  p: ({ connection }) => connection.localPort || '-',
  A: ({ connection }) => connection.localAddress || '-',
  P: () => String(process.pid),
  X: (_, { error }) => (error === undefined ? '+' : 'X'),
  L: ({ id }) => id,
}

/** Milliseconds of the units of `%{UNIT}T`. */
const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 }

/** Directives with a name that clients choose. */
const NAMED_ONES = ['%{FIELD}i', '%{COOKIE}C', '%{us}T', '%{ms}T', '%{s}T']

/** `%{NAME}x`: what Apache knows nothing of. */
const OWN: Readonly<Record<string, AccessFormat>> = {
  application: ({ notes }) => notes.answeredBy || '-',
  worker: ({ notes }) => notes.worker || '-',
  queued: ({ notes }) => notes.queued.toFixed(3),
  python: ({ notes }) => notes.python.toFixed(3),
  error: (_, { error }) => (error === undefined ? '-' : escapeLogItem(error.message)),
}

/** `common`, `combined`, or a template in Apache's syntax. Throws `CONFIG_INVALID` with what was expected, and the directive that is unknown. */
export function parseAccessFormat(text: string): AccessFormat {
  const template = NAMED[text] ?? text
  if (!template.includes('%'))
    throw new TaipanError(
      'CONFIG_INVALID',
      '"pretty", "json", "common", "combined" or a template of directives like "%h %t %r %>s"',
    )
  const parts: (string | AccessFormat)[] = []
  for (const [whole, name, letter] of template.matchAll(
    /%[<>]?(?:\{([^}]*)\})?([A-Za-z%]?)|[^%]+/g,
  ))
    parts.push(whole.startsWith('%') ? findDirective(whole, name, letter ?? '') : whole)
  return (exchange, outcome) => {
    let line = ''
    for (const part of parts) line += typeof part === 'string' ? part : part(exchange, outcome)
    return line
  }
}

function findDirective(
  whole: string,
  name: string | undefined,
  letter: string,
): string | AccessFormat {
  if (whole === '%%') return '%'
  if (name === undefined && Object.hasOwn(DIRECTIVES, letter)) return DIRECTIVES[letter] ?? ''
  if (letter === 'T' && name !== undefined && Object.hasOwn(UNITS, name))
    return createDurationFormat(UNITS[name] ?? 1)
  if (letter === 'C' && name !== undefined && name !== '') return createCookieFormat(name)
  if (letter === 'i' && name !== undefined && name !== '') return createFieldFormat(name)
  if (letter === 'x' && name !== undefined && Object.hasOwn(OWN, name)) return OWN[name] ?? ''
  const known = Object.keys(DIRECTIVES).map((one) => `%${one}`)
  const own = Object.keys(OWN).map((one) => `%{${one}}x`)
  throw new TaipanError(
    'CONFIG_INVALID',
    `directives out of ${[...known, ...NAMED_ONES, ...own].join(' ')} %% instead of ${JSON.stringify(whole)}`,
  )
}

function createDurationFormat(unit: number): AccessFormat {
  return ({ startedAt }) => String(Math.floor((performance.now() - startedAt) / unit))
}

function createCookieFormat(name: string): AccessFormat {
  return ({ request }) => {
    for (const cookie of readField(request.fields, 'cookie')?.split(/; */) ?? [])
      if (cookie.startsWith(`${name}=`)) return escapeLogItem(cookie.slice(name.length + 1))
    return '-'
  }
}

function createFieldFormat(name: string): AccessFormat {
  const lower = name.toLowerCase()
  return ({ request }) => {
    const value = readField(request.fields, lower)
    return value === undefined ? '-' : escapeLogItem(value)
  }
}

function formatAddress({ connection }: Exchange): string {
  return connection.remoteAddress || '-'
}

function formatProtocol(version: string): string {
  return version.length === 1 ? `HTTP/${version}.0` : `HTTP/${version}`
}
