import type { Readable } from 'node:stream'

const LINE_END = 0x0a
// A longer line is passed on in parts.
const MOST_HELD = 1024 * 1024

/** Passes on the content of a stream in whole lines, so that lines of several streams are not mixed. */
export function relayLines(stream: Readable, write: (lines: string) => void): void {
  let held: Buffer[] = []
  let size = 0
  const release = (): void => {
    if (size > 0) write(Buffer.concat(held, size).toString('utf8'))
    held = []
    size = 0
  }
  const hold = (piece: Buffer): void => {
    held.push(piece)
    size += piece.length
  }
  stream.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(LINE_END) + 1
    if (end > 0) {
      hold(chunk.subarray(0, end))
      release()
    }
    if (end < chunk.length) hold(chunk.subarray(end))
    if (size > MOST_HELD) release()
  })
  stream.on('error', release)
  stream.on('end', release)
}
