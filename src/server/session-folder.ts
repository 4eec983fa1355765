import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerPlan } from './config/resolved.ts'

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

/** Removes what the workers of a plan have made there. */
export async function removeTemporaryFolder({ temporaryFolder }: ServerPlan): Promise<void> {
  if (temporaryFolder === undefined) return
  // What has outlived its worker may write there meanwhile.
  await rm(temporaryFolder, { recursive: true, force: true, maxRetries: 3 })
}

/** The same at once, while killed workers may still write. */
export function removeTemporaryFolderNow({ temporaryFolder }: ServerPlan): void {
  if (temporaryFolder === undefined) return
  try {
    rmSync(temporaryFolder, { recursive: true, force: true })
  } catch {
    // This process is about to exit.
  }
}
