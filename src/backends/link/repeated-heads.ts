import type { ConnectionFacts, Identity } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import type { ScriptFacts } from '../../core/upstream.ts'
import { MarshalWriter } from '../../wire/marshal.ts'
import type { PendingRequest } from './pending-request.ts'

/** The last request of a connection; `bytes` is its encoding, made when it is repeated. */
interface Last {
  fields: FieldPairs
  method: string
  version: string
  scriptName: string
  script: ScriptFacts | undefined
  identity: Identity | undefined
  bytes: Uint8Array | undefined
}

/** Detects requests that differ from the last one of their connection only in the target, and encodes the common part once. */
export class RepeatedHeads {
  readonly #write: (request: PendingRequest, marshal: MarshalWriter) => void
  readonly #connections = new WeakMap<ConnectionFacts, Last>()
  readonly #marshal = new MarshalWriter()

  /** `write` must depend on connection, fields, method, version, mount and identity only. */
  constructor(write: (request: PendingRequest, marshal: MarshalWriter) => void) {
    this.#write = write
  }

  /** The encoded common part; undefined if the request differs in more than the target, or has a body. */
  encode(request: PendingRequest): Uint8Array | undefined {
    const { exchange, invocation, body } = request
    if (body === undefined || body.length > 0) return undefined
    const { identity, variables } = exchange
    if (variables !== undefined) return undefined
    const { fields, method, version } = exchange.request
    const { scriptName, script } = invocation
    const last = this.#connections.get(exchange.connection)
    if (last === undefined) {
      const first = { fields, method, version, scriptName, script, identity, bytes: undefined }
      this.#connections.set(exchange.connection, first)
      return undefined
    }
    if (
      last.fields === fields &&
      last.method === method &&
      last.version === version &&
      last.scriptName === scriptName &&
      last.script === script &&
      isSame(last.identity, identity)
    )
      return (last.bytes ??= this.#encodeCommon(request))
    Object.assign(last, { fields, method, version, scriptName, script, identity, bytes: undefined })
    return undefined
  }

  #encodeCommon(request: PendingRequest): Uint8Array {
    const marshal = this.#marshal
    marshal.clear()
    this.#write(request, marshal)
    return Uint8Array.from(marshal.view())
  }
}

function isSame(a: Identity | undefined, b: Identity | undefined): boolean {
  if (a === b) return true
  return (
    a?.user === b?.user && a?.type === b?.type && a?.passesAuthorization === b?.passesAuthorization
  )
}
