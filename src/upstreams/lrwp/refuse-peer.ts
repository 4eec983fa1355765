import type { ByteStream } from '../../core/byte-stream.ts'

/** How long a peer may take to read why it is refused. */
const LINGER_MS = 1000

/** Gives a connection its last answer. Closes only our direction at first: a reset could take the answer away. */
export function refusePeer(stream: ByteStream, answer: Buffer): void {
  const linger = setTimeout(() => stream.destroy(), LINGER_MS)
  stream.onClose(() => clearTimeout(linger))
  stream.listener = { onData: () => {}, onEnd: () => stream.destroy(), onTaken: () => {} }
  stream.write(answer)
  stream.end()
}
