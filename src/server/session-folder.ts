import { randomUUID } from 'node:crypto'
import { existsSync, rmdirSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pinFolder } from '../native/pinned-file.ts'
import type { ServerPlan } from './config/resolved.ts'

const RETRY_MS = 100

/** The plan with a place for sessions that have no other one; the worker that needs it first makes it. */
export function placeSessions(plan: ServerPlan): ServerPlan {
  if (plan.sessions.store !== 'sqlite') return plan
  const folder = join(tmpdir(), `taipan-sessions-${randomUUID()}`)
  const store = `sqlite:${join(folder, 'sessions.db')}`
  return {
    ...plan,
    sessions: { ...plan.sessions, store, directory: folder, owner: process.pid },
    temporaryFolder: folder,
  }
}

/** What SQLite and the locks of sessions make there. */
const NAMES = ['', '-journal', '-wal', '-shm', '-lock'].map((suffix) => `sessions.db${suffix}`)

/**
 * Removes what the workers of a plan have made there, and nothing else: the folder is theirs, and by links in it they could
 * let root remove other files.
 */
export async function removeTemporaryFolder(
  plan: Pick<ServerPlan, 'temporaryFolder'>,
): Promise<void> {
  if (plan.temporaryFolder === undefined) return
  removeTemporaryFolderNow(plan)
  if (!existsSync(plan.temporaryFolder)) return
  // What has outlived its worker may write there meanwhile.
  await delay(RETRY_MS)
  removeTemporaryFolderNow(plan)
}

/** The same at once, while killed workers may still write. */
export function removeTemporaryFolderNow({
  temporaryFolder: folder,
}: Pick<ServerPlan, 'temporaryFolder'>): void {
  if (folder === undefined) return
  attempt(() => {
    // They may put a link in its place, too.
    using pinned = pinFolder(folder)
    for (const name of NAMES) attempt(() => unlinkSync(join(pinned.place, name)))
  })
  attempt(() => rmdirSync(folder))
}

function attempt(remove: () => void): void {
  try {
    remove()
  } catch {
    // It is not there, or not ours to remove.
  }
}
