import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Account } from '../core/confinement.ts'

const ANSWER_MS = 10_000
const STARTED_AS_ROOT = isRoot()

/** A user by name or `#uid`; undefined when there is none. A number needs no entry, but has no group without one: its `gid` is then -1. */
export function findAccount(user: string): Account | undefined {
  const number = parseNumber(user)
  const fields = findEntry('passwd', user, number)
  if (fields !== undefined) {
    const [name, , uid, gid, , home] = fields
    return { uid: Number(uid), gid: Number(gid), name, home: home === '' ? undefined : home }
  }
  return number === undefined
    ? undefined
    : { uid: number, gid: -1, name: undefined, home: undefined }
}

/** The number of a group by name or `#gid`; undefined when there is none. */
export function findGroupId(group: string): number | undefined {
  return parseNumber(group) ?? toNumber(findEntry('group', group, undefined)?.[2])
}

/** The numbers of all groups of a user, that of the account first. */
export function listGroupIds({ name, gid }: Account): readonly number[] {
  if (name === undefined) return [gid]
  const { stdout } = spawnSync('id', ['-G', name], { encoding: 'utf8', timeout: ANSWER_MS })
  const ids = (stdout ?? '').split(/\s+/).filter((text) => /^\d+$/.test(text))
  return [...new Set([gid, ...ids.map(Number)])]
}

/** This process was started as root, which it may have given up since: what is asked of it then is not impossible, but done. */
export function wasRoot(): boolean {
  return STARTED_AS_ROOT
}

/** This process may become any user. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function parseNumber(text: string): number | undefined {
  return /^#\d{1,10}$/.test(text) ? Number(text.slice(1)) : undefined
}

/** The files have nearly all; what else the system knows, as from LDAP, `getent` tells. */
function findEntry(
  database: 'passwd' | 'group',
  name: string,
  number: number | undefined,
): string[] | undefined {
  const isWanted = (fields: readonly string[]) =>
    number === undefined ? fields[0] === name : Number(fields[2]) === number && fields[2] !== ''
  const find = (text: string) =>
    text
      .split('\n')
      .map((line) => line.split(':'))
      .find((fields) => fields.length > 2 && isWanted(fields))
  return find(readText(`/etc/${database}`)) ?? find(askSystem(database, String(number ?? name)))
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function askSystem(database: string, key: string): string {
  const { stdout } = spawnSync('getent', ['--', database, key], {
    encoding: 'utf8',
    timeout: ANSWER_MS,
  })
  return stdout ?? ''
}
