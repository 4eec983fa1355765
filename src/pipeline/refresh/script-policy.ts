/** How a script of the own origin may run on a page. */
export interface ScriptWay {
  readonly kind: 'inline' | 'external'
  readonly nonce: string | undefined
}

type Directives = ReadonlyMap<string, readonly string[]>

const NONCE = /^'nonce-([\w+/=-]+)'$/
const HASH = /^'sha(?:256|384|512)-/
// The last two: the scheme that the browser sees may be that of a proxy.
const OWN_ORIGIN = ["'self'", '*', 'http:', 'https:']

/**
 * How this value of Content-Security-Policy lets a script run that opens an event stream; undefined if it does not (CSP
 * level 3, 6.7).
 */
export function chooseScriptWay(value: string | undefined): ScriptWay | undefined {
  const policies = value?.split(',').map(parsePolicy) ?? []
  const nonce = findNonce(policies)
  if (!policies.every((policy) => allowsEvents(policy) && allowsOrigin(policy))) return undefined
  if (policies.every((policy) => allowsInline(policy, nonce))) return { kind: 'inline', nonce }
  if (policies.every((policy) => allowsExternal(policy, nonce))) return { kind: 'external', nonce }
  return undefined
}

/** The first of two directives of one name counts. */
function parsePolicy(text: string): Directives {
  const directives = new Map<string, readonly string[]>()
  for (const part of text.split(';')) {
    const [name = '', ...sources] = part.trim().split(/\s+/)
    if (name !== '' && !directives.has(name.toLowerCase()))
      directives.set(name.toLowerCase(), sources)
  }
  return directives
}

function listScriptSources(policy: Directives): readonly string[] | undefined {
  return policy.get('script-src-elem') ?? policy.get('script-src') ?? policy.get('default-src')
}

function findNonce(policies: readonly Directives[]): string | undefined {
  for (const policy of policies)
    for (const source of listScriptSources(policy) ?? []) {
      const [, nonce] = NONCE.exec(source) ?? []
      if (nonce !== undefined) return nonce
    }
  return undefined
}

function allowsInline(policy: Directives, nonce: string | undefined): boolean {
  const sources = listScriptSources(policy)
  if (sources === undefined || hasNonce(sources, nonce)) return true
  // A nonce, a hash or 'strict-dynamic' makes 'unsafe-inline' void.
  const isStrict = sources.some(
    (source) => NONCE.test(source) || HASH.test(source) || isWord(source, "'strict-dynamic'"),
  )
  return !isStrict && sources.some((source) => isWord(source, "'unsafe-inline'"))
}

function allowsExternal(policy: Directives, nonce: string | undefined): boolean {
  const sources = listScriptSources(policy)
  if (sources === undefined || hasNonce(sources, nonce)) return true
  const isStrict = sources.some((source) => isWord(source, "'strict-dynamic'"))
  return !isStrict && includesOwnOrigin(sources)
}

function allowsEvents(policy: Directives): boolean {
  const sources = policy.get('connect-src') ?? policy.get('default-src')
  return sources === undefined || includesOwnOrigin(sources)
}

/** In a sandbox a page has no origin unless that is allowed. */
function allowsOrigin(policy: Directives): boolean {
  const allowed = policy.get('sandbox')
  return (
    allowed === undefined ||
    ['allow-scripts', 'allow-same-origin'].every((word) =>
      allowed.some((other) => isWord(other, word)),
    )
  )
}

function hasNonce(sources: readonly string[], nonce: string | undefined): boolean {
  return nonce !== undefined && sources.includes(`'nonce-${nonce}'`)
}

function includesOwnOrigin(sources: readonly string[]): boolean {
  return sources.some((source) => OWN_ORIGIN.includes(source.toLowerCase()))
}

function isWord(source: string, word: string): boolean {
  return source.toLowerCase() === word
}
