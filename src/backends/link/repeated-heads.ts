import type { ConnectionFacts } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import { MarshalWriter } from '../../wire/marshal.ts'
import type { PendingRequest } from './pending-request.ts'

/** What the last request of a connection had, and its encoding once it came again. */
interface Last {
  fields: FieldPairs
  method: string
  version: string
  scriptName: string
  bytes: Uint8Array | undefined
}

/** Finds requests that differ from the last one of their connection in nothing but the target, and encodes what they share once. */
export class RepeatedHeads {
  readonly #write: (request: PendingRequest, marshal: MarshalWriter) => void
  readonly #connections = new WeakMap<ConnectionFacts, Last>()
  readonly #marshal = new MarshalWriter()

  /** `write` may depend on the connection, the fields, the method, the version, and the mount. */
  constructor(write: (request: PendingRequest, marshal: MarshalWriter) => void) {
    this.#write = write
  }

  /** What the request shares with the one before; undefined when it is another, or has a body. */
  encode(request: PendingRequest): Uint8Array | undefined {
    const { exchange, invocation, body } = request
    if (body === undefined || body.length > 0) return undefined
    const { fields, method, version } = exchange.request
    const { scriptName } = invocation
    const last = this.#connections.get(exchange.connection)
    if (last === undefined) {
      const first = { fields, method, version, scriptName, bytes: undefined }
      this.#connections.set(exchange.connection, first)
      return undefined
    }
    if (
      last.fields === fields &&
      last.method === method &&
      last.version === version &&
      last.scriptName === scriptName
    )
      return (last.bytes ??= this.#encodeCommon(request))
    Object.assign(last, { fields, method, version, scriptName, bytes: undefined })
    return undefined
  }

  #encodeCommon(request: PendingRequest): Uint8Array {
    const marshal = this.#marshal
    marshal.clear()
    this.#write(request, marshal)
    return Uint8Array.from(marshal.view())
  }
}
