import { encodePairHead } from './marshal.ts'

/** Returned for header names that must not reach an application. */
export const DROPPED_NAME = new Uint8Array(0)

const CACHE_LIMIT = 1024

const heads = new Map<string, Uint8Array>()

/** `marshal` of a header pair up to and including the lower-case name; `DROPPED_NAME` for names that are dropped. */
export function resolvePairHead(field: string): Uint8Array {
  const known = heads.get(field)
  if (known !== undefined) return known
  if (heads.size >= CACHE_LIMIT) heads.clear()
  const head = createPairHead(field.toLowerCase())
  heads.set(field, head)
  return head
}

function createPairHead(name: string): Uint8Array {
  // Frameworks turn header names into CGI names: `x_name` would look like `x-name`, and `proxy` would become HTTP_PROXY ("httpoxy").
  return name.includes('_') || name === 'proxy' ? DROPPED_NAME : encodePairHead(name)
}
