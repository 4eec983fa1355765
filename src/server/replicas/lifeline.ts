import { Socket } from 'node:net'

// A socket that the parent holds the other end of, and writes nothing to: see startReplica.
const LIFELINE = 4
// The main thread leaves earlier, unless something holds it.
const PATIENCE_MS = 3000

const lifeline = new Socket({ fd: LIFELINE, readable: true, writable: false })
lifeline.on('error', () => {})
lifeline.on('close', () => {
  // The process leads a process group; what its application has started goes with it.
  setTimeout(() => process.kill(-process.pid, 'SIGKILL'), PATIENCE_MS)
})
lifeline.resume()
