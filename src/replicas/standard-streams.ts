import { createWriteStream } from 'node:fs'

// Loaded before anything else in a replica. Node's own streams make fds 1 and 2 non-blocking, and Python, C code and
// grandchildren, which share them, would lose what the other side has not read yet. Every socket that closes touches them.
for (const [name, fd] of [
  ['stdout', 1],
  ['stderr', 2],
] as const) {
  const value = createWriteStream('', { fd, autoClose: false })
  Object.defineProperty(process, name, { value, configurable: true, enumerable: true })
}
