import { encodePairHead } from './marshal.ts'

/** Stands for header names that must not reach an application. */
export const DROPPED_NAME = new Uint8Array(0)

const CACHE_LIMIT = 1024

const heads = new Map<string, Uint8Array>()

/** `marshal` of a header pair that holds the lower-case name of a field already; `DROPPED_NAME` for some. */
export function resolvePairHead(field: string): Uint8Array {
  const known = heads.get(field)
  if (known !== undefined) return known
  if (heads.size >= CACHE_LIMIT) heads.clear()
  const head = createPairHead(field.toLowerCase())
  heads.set(field, head)
  return head
}

function createPairHead(name: string): Uint8Array {
  // Frameworks make CGI names of them, where `x_name` passes for `x-name`, and HTTP_PROXY is a setting ("httpoxy").
  return name.includes('_') || name === 'proxy' ? DROPPED_NAME : encodePairHead(name)
}
