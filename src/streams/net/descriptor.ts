import type { Server, Socket } from 'node:net'

/** The file descriptor of an open socket or listening server; undefined if it has none, as in a worker of node:cluster. */
export function findDescriptor(owner: Server | Socket): number | undefined {
  const handle: unknown = Reflect.get(owner, '_handle')
  const descriptor: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined
}
