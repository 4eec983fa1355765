import { createMalformedHeader } from './malformed-header.ts'
import type { ProxyHeader, ProxyHeaderDecoder } from './header.ts'
import { TEXT_START, TextHeaderDecoder } from './text-header.ts'
import { BINARY_START, BinaryHeaderDecoder } from './binary-header.ts'

/** Takes a header of version 1 or 2 of the PROXY protocol, whichever comes. */
export function createProxyHeaderDecoder(): ProxyHeaderDecoder {
  return new AnyHeaderDecoder()
}

class AnyHeaderDecoder implements ProxyHeaderDecoder {
  #decoder: ProxyHeaderDecoder | undefined

  push(chunk: Buffer): ProxyHeader | undefined {
    if (chunk.length === 0) return undefined
    this.#decoder ??= createByFirst(chunk[0] ?? -1)
    return this.#decoder.push(chunk)
  }
}

/** The first byte of the versions differs. */
function createByFirst(first: number): ProxyHeaderDecoder {
  if (first === TEXT_START[0]) return new TextHeaderDecoder()
  if (first === BINARY_START[0]) return new BinaryHeaderDecoder()
  throw createMalformedHeader('the connection does not begin with one')
}
