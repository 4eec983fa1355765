import { chmodSync, chownSync } from 'node:fs'

import { withPinnedFile, type PinnedFile } from '../../native/pinned-file.ts'

/** Who may use a Unix socket; what is undefined stays as the system makes it. */
export interface SocketAccess {
  /** Permissions; by default those that the umask leaves. */
  readonly mode?: number | undefined
  readonly owner?: SocketOwner | undefined
}

/** Numbers of a user and a group. */
export interface SocketOwner {
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

const NOBODY_ELSE = 0o177
const UNCHANGED = -1

/** Calls `bind`, which makes the socket synchronously, so that nobody can use it before its access is as it shall be. */
export function bindClosed<T>({ mode, owner }: SocketAccess, bind: () => T): T {
  if (mode === undefined && owner === undefined) return bind()
  const before = process.umask(NOBODY_ELSE)
  try {
    return bind()
  } finally {
    process.umask(before)
  }
}

/**
 * Gives a socket, or the folder of one, to its owner, and sets its permissions. Throws an error that has the `code` of the
 * system, ELOOP if something else has taken its place.
 */
export function giveSocket(path: string, access: SocketAccess): void {
  withPinnedFile(path, (file) => givePinned(file, access))
}

function givePinned({ facts, place }: PinnedFile, { mode, owner }: SocketAccess): void {
  if (!facts.isSocket() && !facts.isDirectory())
    throw Object.assign(new Error('it is not there any more'), { code: 'ELOOP' })
  if (owner !== undefined) chownSync(place, owner.uid ?? UNCHANGED, owner.gid ?? UNCHANGED)
  if (mode !== undefined) chmodSync(place, mode)
  else if (owner !== undefined) chmodSync(place, 0o777 & ~process.umask())
}
