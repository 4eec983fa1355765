import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { workerData } from 'node:worker_threads'
import { loadSystemFfi } from '../backends/embedded/system-ffi.ts'

// A socket that the parent holds the other end of, and writes nothing to: see startReplica. Python writes to it.
const LIFELINE = 4
// The main thread closes its listening sockets, and leaves, earlier, unless something holds it.
const SHUT_MS = 250
const PATIENCE_MS = 3000

const descriptors: readonly number[] = workerData
const sockets = descriptors.map((descriptor) => ({ descriptor, identity: identify(descriptor) }))
const lifeline = new Socket({ fd: LIFELINE, readable: true, writable: false })
lifeline.on('error', () => {})
lifeline.on('close', () => {
  setTimeout(() => void shutSockets(), SHUT_MS)
  // The process leads a process group; what its application has started goes with it.
  setTimeout(() => process.kill(-process.pid, 'SIGKILL'), PATIENCE_MS)
})
lifeline.resume()

/** A restarted server needs the addresses. */
async function shutSockets(): Promise<void> {
  const ffi = await loadSystemFfi()
  for (const { descriptor, identity } of sockets)
    if (identity >= 0n && identify(descriptor) === identity) ffi.shutDown(descriptor)
}

/** Tells whether a number is still that of the same socket. */
function identify(descriptor: number): bigint {
  try {
    return fstatSync(descriptor, { bigint: true }).ino
  } catch {
    return -1n
  }
}
