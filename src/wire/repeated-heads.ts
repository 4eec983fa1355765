import type { ConnectionFacts, Exchange, Identity } from '../core/exchange.ts'
import type { FieldPairs } from '../core/field-block.ts'
import type { Invocation, ScriptFacts } from '../core/upstream.ts'

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
  readonly #encodeCommon: (exchange: Exchange, invocation: Invocation) => Uint8Array
  readonly #connections = new WeakMap<ConnectionFacts, Last>()

  /** `encodeCommon` must depend on connection, fields, method, version, mount, script and identity only. */
  constructor(encodeCommon: (exchange: Exchange, invocation: Invocation) => Uint8Array) {
    this.#encodeCommon = encodeCommon
  }

  /** The encoded common part of a request without a body; undefined if it differs in more than the target. */
  encode(exchange: Exchange, invocation: Invocation): Uint8Array | undefined {
    const { identity, variables, failure } = exchange
    if (variables !== undefined || failure !== undefined) return undefined
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
      return (last.bytes ??= this.#encodeCommon(exchange, invocation))
    Object.assign(last, { fields, method, version, scriptName, script, identity, bytes: undefined })
    return undefined
  }
}

function isSame(a: Identity | undefined, b: Identity | undefined): boolean {
  if (a === b) return true
  return (
    a?.user === b?.user && a?.type === b?.type && a?.passesAuthorization === b?.passesAuthorization
  )
}
