import type { Exchange, Outcome, Transfer } from '../core/exchange.ts'
import type { FieldPairs } from '../core/field-block.ts'
import { encodeLatin1 } from '../wire/percent.ts'
import { createTimeDirective, findStart } from './access-time.ts'
import { escapeLogItem, formatClfTime } from './clf.ts'
import { readField } from './field-values.ts'

/** The text of an exchange that is over. */
export type AccessFormat = (exchange: Exchange, outcome: Outcome) => string

const DIRECTIVES: Readonly<Record<string, AccessFormat>> = {
  a: formatAddress,
  h: formatAddress,
  l: () => '-',
  u: ({ notes }) => (notes.user === '' ? '-' : escapeLogItem(encodeLatin1(notes.user))),
  t: (exchange) => formatClfTime(findStart(exchange)),
  r: ({ request: { method, target, version } }) =>
    escapeLogItem(`${method} ${target} ${formatProtocol(version)}`),
  s: (_, { status }) => (status === 0 ? '-' : String(status)),
  b: (_, { bytes }) => (bytes === 0 ? '-' : String(bytes)),
  B: (_, { bytes }) => String(bytes),
  I: createTransferFormat(({ received }) => received),
  O: createTransferFormat(({ sent }) => sent),
  S: createTransferFormat(({ received, sent }) => received + sent),
  k: createTransferFormat(({ earlier }) => earlier),
  D: ({ startedAt }) => String(Math.round((performance.now() - startedAt) * 1000)),
  T: createDurationFormat(1000),
  m: ({ request }) => escapeLogItem(request.method),
  U: ({ request }) => escapeLogItem(request.path),
  q: ({ request }) => escapeLogItem(request.target.slice(request.path.length)),
  H: ({ request }) => formatProtocol(request.version),
  v: formatHost,
  V: formatHost,
  p: formatLocalPort,
  A: ({ connection }) => connection.localAddress || '-',
  P: () => String(process.pid),
  X: (_, { error }) => (error === undefined ? '+' : 'X'),
  L: ({ id }) => id,
  R: formatAnswerer,
}

/** Those with one of a few names. */
const VARIANTS: Readonly<Record<string, AccessFormat>> = {
  '{us}T': createDurationFormat(0.001),
  '{ms}T': createDurationFormat(1),
  '{s}T': createDurationFormat(1000),
  '{c}a': ({ connection }) => connection.via?.at(-1) ?? (connection.remoteAddress || '-'),
  '{local}p': formatLocalPort,
  '{canonical}p': formatLocalPort,
  '{remote}p': ({ connection }) => connection.remotePort || '-',
  '{pid}P': () => String(process.pid),
  '{SSL_PROTOCOL}x': ({ connection }) => connection.tls?.version ?? '-',
  '{SSL_CIPHER}x': ({ connection }) => connection.tls?.cipher.name ?? '-',
  // What Apache knows nothing of.
  '{application}x': formatAnswerer,
  '{worker}x': ({ notes }) => notes.worker || '-',
  '{queued}x': ({ notes }) => notes.queued.toFixed(3),
  '{python}x': ({ notes }) => notes.python.toFixed(3),
  '{error}x': (_, { error }) => (error === undefined ? '-' : escapeLogItem(error.message)),
}

/** Those with a name of any sort. */
const NAMED: Readonly<Record<string, (name: string) => AccessFormat>> = {
  i: (name) => createFieldFormat(name, ({ request }) => request.fields),
  o: (name) => createFieldFormat(name, (_, { measure }) => measure?.().fields.pairs ?? []),
  C: createCookieFormat,
  t: createTimeDirective,
}

const SHOWN_NAMES = ['%{FIELD}i', '%{FIELD}o', '%{COOKIE}C', '%{FORMAT}t']

/** What `%h`, `%{NAME}i` and the like stand for; undefined if it is unknown. */
export function findDirective(letter: string, name: string | undefined): AccessFormat | undefined {
  if (name === undefined) return Object.hasOwn(DIRECTIVES, letter) ? DIRECTIVES[letter] : undefined
  const variant = `{${name}}${letter}`
  if (Object.hasOwn(VARIANTS, variant)) return VARIANTS[variant]
  return name !== '' && Object.hasOwn(NAMED, letter) ? NAMED[letter]?.(name) : undefined
}

/** All directives, for people. */
export function listDirectives(): string[] {
  const plain = [...Object.keys(DIRECTIVES), ...Object.keys(VARIANTS)].map((one) => `%${one}`)
  return [...plain, ...SHOWN_NAMES, '%%']
}

function createTransferFormat(count: (transfer: Transfer) => number): AccessFormat {
  return (_, { measure }) => (measure === undefined ? '-' : String(count(measure())))
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

function createFieldFormat(
  name: string,
  find: (exchange: Exchange, outcome: Outcome) => FieldPairs,
): AccessFormat {
  const lower = name.toLowerCase()
  return (exchange, outcome) => {
    const value = readField(find(exchange, outcome), lower)
    return value === undefined ? '-' : escapeLogItem(value)
  }
}

function formatAddress({ connection }: Exchange): string {
  return connection.remoteAddress || '-'
}

function formatLocalPort({ connection }: Exchange): string {
  return connection.localPort || '-'
}

function formatHost({ request }: Exchange): string {
  return escapeLogItem(request.host.replace(/:\d*$/, '')) || '-'
}

function formatAnswerer({ notes }: Exchange): string {
  return notes.answeredBy || '-'
}

function formatProtocol(version: string): string {
  return version.length === 1 ? `HTTP/${version}.0` : `HTTP/${version}`
}
