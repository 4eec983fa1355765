/** What proxies tell of a request. */
export type Category = 'client' | 'scheme' | 'host' | 'server' | 'port' | 'mount' | 'id'

/** What each field tells, by its name as people write it. Fields of one category are synonyms. */
const CATEGORIES = {
  Forwarded: ['client', 'scheme', 'host'],
  'X-Forwarded-For': ['client'],
  'X-Client-IP': ['client'],
  'X-Real-IP': ['client'],
  'X-Forwarded-Proto': ['scheme'],
  'X-Forwarded-Scheme': ['scheme'],
  'X-Scheme': ['scheme'],
  'X-Forwarded-HTTPS': ['scheme'],
  'X-Forwarded-SSL': ['scheme'],
  'X-HTTPS': ['scheme'],
  'X-Forwarded-Host': ['host'],
  'X-Host': ['host'],
  'X-Forwarded-Server': ['server'],
  'X-Forwarded-Port': ['port'],
  'X-Script-Name': ['mount'],
  'X-Forwarded-Script-Name': ['mount'],
  'X-Request-Id': ['id'],
} as const satisfies Readonly<Record<string, readonly Category[]>>

/** A field that may be believed. */
export type ProxyHeader = keyof typeof CATEGORIES

/** All of them. */
export const PROXY_HEADERS: readonly ProxyHeader[] = Object.keys(CATEGORIES).filter(isProxyHeader)

/** Those that are believed where a configuration names the proxies alone. */
export const USUAL_HEADERS: readonly ProxyHeader[] = [
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Request-Id',
]

const BY_NAME: ReadonlyMap<string, ProxyHeader> = new Map(
  PROXY_HEADERS.map((header) => [header.toLowerCase(), header]),
)

/** The field with a name in any case; undefined for others. */
export function findProxyHeader(name: string): ProxyHeader | undefined {
  const lower = name.toLowerCase()
  // Programs behind may take X_Forwarded_For for X-Forwarded-For.
  return BY_NAME.get(lower.includes('_') ? lower.replaceAll('_', '-') : lower)
}

/** What a field tells. */
export function listCategories(header: ProxyHeader): readonly Category[] {
  return CATEGORIES[header]
}

function isProxyHeader(name: string): name is ProxyHeader {
  return Object.hasOwn(CATEGORIES, name)
}
