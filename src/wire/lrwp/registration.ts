/** What a peer registers as. */
export interface Registration {
  /** 1 or 2: which answers it understands. */
  readonly version: 1 | 2
  /** A path without its first slash, or a suffix such as `.foo`. */
  readonly name: string
  /** Empty: any virtual host. */
  readonly host: string
  /** Its last separator has arrived; else it may still come, as it is optional for version 1. */
  readonly terminated: boolean
}

/** A registration that is refused, and the bytes that tell the peer why. */
export interface Refusal {
  readonly reason: string
  readonly answer: Buffer
}

/** Bytes that a registration takes at most. */
const MESSAGE_LIMIT = 1024
/** Bytes of a name. */
export const COMPONENT_LIMIT = 200
/** Ends a component. */
export const SEPARATOR = 0xff
const UNPRINTED = /[\0-\x20\x7f]/
const VERSION = /^\d\.\d$/

/** The registration of a peer, collected from its first bytes. */
export class RegistrationDecoder {
  #collected = Buffer.alloc(0)

  /**
   * The registration, once it is whole: with its last separator, or, as that is optional for version 1, without it. Bytes
   * behind it are an error, because a peer has to wait for the answer.
   */
  push(chunk: Buffer): Registration | Refusal | undefined {
    this.#collected = Buffer.concat([this.#collected, chunk.subarray(0, MESSAGE_LIMIT + 1)])
    const bytes = this.#collected
    if (bytes.length > MESSAGE_LIMIT) return refuse('Malformed startup string')
    return bytes[0] === SEPARATOR ? parseSecond(bytes) : parseFirst(bytes)
  }
}

/** `NAME FF HOST FF FILTER [FF]`. */
function parseFirst(bytes: Buffer): Registration | Refusal | undefined {
  const parts = split(bytes)
  if (parts.length < 3) return undefined
  const [name = '', host = '', filter = '', ...rest] = parts
  // FILTER is reserved, and empty in all known peers.
  if (rest.length > 1 || rest[0] || filter !== '') return refuse('Malformed startup string')
  return check({ version: 1, name, host, terminated: rest.length > 0 })
}

/** `FF VERSION FF NAME FF HOST FF`. */
function parseSecond(bytes: Buffer): Registration | Refusal | undefined {
  const [, version = '', name = '', host = '', ...rest] = split(bytes)
  if (rest.length === 0) return undefined
  if (!VERSION.test(version)) return refuse('Malformed LRWP2 connection string', '')
  if (version !== '2.0') return refuse('Unknown LRWP version')
  if (rest.length > 1 || rest[0] !== '') return refuse('Malformed LRWP2 connection string', '')
  return check({ version: 2, name, host, terminated: true })
}

function split(bytes: Buffer): string[] {
  return bytes.toString('latin1').split(String.fromCharCode(SEPARATOR))
}

function check(given: Registration): Registration | Refusal {
  const name = given.name.replace(/^\//, '')
  if (!isName(name) || UNPRINTED.test(given.host)) return refuse('Malformed startup string')
  if (name.length > COMPONENT_LIMIT || given.host.length > COMPONENT_LIMIT)
    return refuse('Registration component too long')
  return { ...given, name }
}

/** Whether peers can register by a name, apart from its length. */
export function isName(name: string): boolean {
  return !/^\/*$/.test(name) && !UNPRINTED.test(name)
}

/** What was wrong with a message: peers of version 2 get it in this form, too, because their version counts only with the rest. */
function refuse(reason: string, prefix = 'ERROR: '): Refusal {
  return { reason, answer: Buffer.from(prefix + reason, 'latin1') }
}

/** The answer to a registration that is accepted. */
export function formatAccepted(version: 1 | 2): Buffer {
  return version === 1 ? Buffer.from('OK') : Buffer.from('OK\xff', 'latin1')
}

/** The answer to a registration that is whole, but not permitted. */
export function formatRejected(version: 1 | 2, reason: string): Buffer {
  const text = `ERROR: ${reason}`
  return Buffer.from(version === 1 ? text : `REJECTED\xff${text}\xff`, 'latin1')
}
