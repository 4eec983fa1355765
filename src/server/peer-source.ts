import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { loadSystemFfi } from '../native/system-ffi.ts'
import type { ByteStream } from '../core/byte-stream.ts'
import { TaipanError } from '../core/errors.ts'
import { LimitedLog } from '../core/limited-log.ts'
import type { Logger } from '../core/logger.ts'
import { RefusedConnections } from '../fronts/listening/refused-connections.ts'
import type { BoundAddress, ConnectionSource, Listener } from '../streams/listening/addresses.ts'
import { listen } from '../streams/listening/listener.ts'

const ROOT = 0
const REFUSAL_BODY =
  '{"error":{"message":"only the user of the server, and root, may control it"}}\n'
const REFUSAL = `HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: ${REFUSAL_BODY.length}\r\nConnection: close\r\n\r\n${REFUSAL_BODY}`

/** The user at the other end of a connection; undefined: the folder of the socket sees to that. */
export type PeerCheck = ((stream: ByteStream) => number | undefined) | undefined

/**
 * Loads what tells who connects to a Unix socket. Where the system does not tell, others must be kept out by the folder of
 * the socket: rejects with `ADDRESS_UNUSABLE` if they are not.
 */
export async function loadPeerCheck(path: string): Promise<PeerCheck> {
  try {
    const ffi = await loadSystemFfi()
    return ({ descriptor }) =>
      descriptor === undefined ? undefined : ffi.readPeer(descriptor)?.uid
  } catch (error) {
    const { mode, uid } = statSync(dirname(path))
    if ((mode & 0o077) === 0 && uid === process.getuid?.()) return undefined
    throw new TaipanError(
      'ADDRESS_UNUSABLE',
      `control: without the package koffi nobody knows who connects, so unix:${path} must be in a folder of this user alone: chmod 700 ${dirname(path)}`,
      { cause: error },
    )
  }
}

/** Connections of the user of this process, and of root, over a Unix socket. */
export class PeerSource implements ConnectionSource {
  readonly #address: BoundAddress
  readonly #check: PeerCheck
  readonly #refusals: LimitedLog
  readonly #refused = new RefusedConnections()

  constructor(address: BoundAddress, check: PeerCheck, logger: Logger) {
    this.#address = address
    this.#check = check
    this.#refusals = new LimitedLog({
      write: (fields, message) => logger.warn(fields, `control: ${message}`),
      further: 'more connections of other users were refused',
    })
  }

  async listen(onConnection: (stream: ByteStream) => void): Promise<Listener> {
    const listener = await listen(this.#address, (stream) => {
      if (this.#isAllowed(stream)) onConnection(stream)
      else this.#refused.refuse(stream, REFUSAL)
    })
    return {
      url: listener.url,
      onError: (report) => listener.onError(report),
      close: async () => {
        this.#refused.close()
        this.#refusals.flush()
        await listener.close()
      },
    }
  }

  #isAllowed(stream: ByteStream): boolean {
    if (this.#check === undefined) return true
    const user = this.#check(stream)
    if (user === ROOT || (user !== undefined && user === process.geteuid?.())) return true
    this.#refusals.note({ user }, `user ${user ?? 'unknown'} was refused`)
    return false
  }
}
