import { accessSync, chownSync, constants, lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Account } from '../core/confinement.ts'
import { TaipanError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { ProcessGroup } from '../core/process-group.ts'
import { listGroupIds } from '../processes/accounts.ts'
import { findClosed } from '../processes/closed-path.ts'
import { withPinnedFile } from '../native/pinned-file.ts'
import type { ServerPlan } from './config/resolved.ts'

const OWN_FOLDER = fileURLToPath(new URL('../', import.meta.url))

/**
 * Becomes a user for good, in all threads of this process. What the server has made before belongs to that user from
 * then on. Rejects with CONFIG_INVALID if the user could not go on with it.
 */
export function giveUpRights(plan: ServerPlan, account: Account, logger: Logger): void {
  for (const path of [...listSockets(plan), ...listLogFiles(plan)]) giveAway(path, account)
  become(account)
  requireReadable(OWN_FOLDER, "Taipan's own folder", account)
  for (const { answerer } of plan.routes)
    if (answerer.kind === 'static')
      requireReadable(answerer.plan.root, 'the folder of files', account)
  for (const path of listSockets(plan)) if (!isRemovable(path)) tellStaying(path, account, logger)
}

function isRemovable(path: string): boolean {
  try {
    accessSync(dirname(path), constants.W_OK)
    return true
  } catch {
    return false
  }
}

function tellStaying(path: string, { name, uid }: Account, logger: Logger): void {
  logger.info(
    { socket: path },
    `the socket ${path} stays there after a stop, because user ${name ?? uid} may not write to ${dirname(path)}; the next start replaces it`,
  )
}

/** Whether the workers of a group need rights that the server has given up when it starts them. */
export function needsSteward(
  { confinement }: Pick<ProcessGroup, 'confinement'>,
  { account }: Pick<ServerPlan, 'account'>,
): boolean {
  if (account === undefined || confinement === undefined) return false
  const { account: own, supplementaryGroups, chroot, niceness } = confinement
  const isOther = own?.uid !== account.uid || own.gid !== account.gid
  return isOther || supplementaryGroups !== undefined || chroot !== undefined || (niceness ?? 0) < 0
}

function become(account: Account): void {
  const { uid, gid } = account
  process.setgroups?.([...listGroupIds(account)])
  process.setgid?.(gid)
  process.setuid?.(uid)
  let isRoot = true
  try {
    process.setuid?.(0)
  } catch {
    isRoot = false
  }
  if (isRoot) throw new TaipanError('INTERNAL', 'this process could become root again')
}

function listSockets({ addresses }: ServerPlan): string[] {
  return addresses.flatMap((address) => (address.kind === 'unix' ? address.path : []))
}

/** It is opened again, after programs that rotate have made it anew with the same owner. */
function listLogFiles({ log }: ServerPlan): string[] {
  const file = log.accessFile ?? (typeof log.access === 'object' ? log.access.file : undefined)
  return file === undefined ? [] : [file]
}

/** Unless it is somebody else's already. */
function giveAway(path: string, { uid, gid }: Account): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return
  withPinnedFile(path, ({ facts, place }) => {
    // What has another name, too, may be any file of root.
    const isOwn = facts.isSocket() || (facts.isFile() && facts.nlink === 1)
    if (isOwn && facts.uid === 0) chownSync(place, uid, facts.gid === 0 ? gid : facts.gid)
  })
}

/** Throws an error that names the first folder on the way that the user of this process cannot enter. */
function requireReadable(path: string, what: string, { name, uid }: Account): void {
  const closed = findClosed(path)
  if (closed === undefined) return
  throw new TaipanError(
    'CONFIG_INVALID',
    `user ${name ?? uid} cannot read ${what} ${path}, because ${closed} is closed to that user; let that user enter it, or move what is needed out of it`,
  )
}
