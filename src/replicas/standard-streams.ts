import { createWriteStream } from 'node:fs'

// Imported first in a replica. Node's own streams would make fds 1 and 2 non-blocking; Python, C code and grandchildren
// share them and would lose output that was not read yet. Each socket that closes accesses them.
for (const [name, fd] of [
  ['stdout', 1],
  ['stderr', 2],
] as const) {
  const value = createWriteStream('', { fd, autoClose: false })
  Object.defineProperty(process, name, { value, configurable: true, enumerable: true })
}
