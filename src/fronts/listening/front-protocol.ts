import type { ByteStream } from '../../core/byte-stream.ts'
import type { FrontConnection } from './open-connections.ts'

/** One protocol of a front: makes the connections of those who speak it. */
export interface FrontProtocol {
  /** Number of exchanges so far. */
  readonly exchanges: number
  /** The server is stopping: connections are not reused. */
  stopping: boolean
  connect(stream: ByteStream): FrontConnection
  /** Some application may accept WebSockets: loads what the first one needs, in the background. */
  expectWebSockets?(): void
}
