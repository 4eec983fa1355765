import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { workerData } from 'node:worker_threads'
import { loadSystemFfi } from '../native/system-ffi.ts'
import { LIFELINE } from './messages.ts'

// Normally the main thread closes its listening sockets and ends earlier.
const SHUT_MS = 250
const PATIENCE_MS = 3000

const descriptors: readonly number[] = workerData
const sockets = descriptors.map((descriptor) => ({ descriptor, identity: identify(descriptor) }))
const lifeline = new Socket({ fd: LIFELINE, readable: true, writable: false })
lifeline.on('error', () => {})
lifeline.on('close', () => {
  setTimeout(() => void shutSockets(), SHUT_MS)
  // This process leads a process group, so its children are killed, too.
  setTimeout(() => process.kill(-process.pid, 'SIGKILL'), PATIENCE_MS)
})
lifeline.resume()

/** Closes the listening sockets, because a restarted server needs the addresses. */
async function shutSockets(): Promise<void> {
  const ffi = await loadSystemFfi()
  for (const { descriptor, identity } of sockets)
    if (identity >= 0n && identify(descriptor) === identity) ffi.shutDown(descriptor)
}

/** Identifies a socket, to detect whether its number was reused. */
function identify(descriptor: number): bigint {
  try {
    return fstatSync(descriptor, { bigint: true }).ino
  } catch {
    return -1n
  }
}
