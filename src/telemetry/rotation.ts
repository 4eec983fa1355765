import { readdirSync, renameSync } from 'node:fs'
import { readdir, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** When a log file is put aside, and how many of those are kept. */
export interface Rotation {
  /** Bytes that a file may have; 0: any number. */
  readonly size: number
  /** A new file for each such time in ms, by the local clock; undefined: none. */
  readonly every: number | undefined
  /** Files put aside that are kept; the oldest are removed. */
  readonly keep: number
}

/** What a file was begun for. */
export interface FileAge {
  readonly bytes: number
  /** As `findPeriod` gives it. */
  readonly period: number
}

/** Whether a file has to be put aside before more bytes are written. An empty one never is. */
export function isDue(rotation: Rotation, { bytes, period }: FileAge, more: number): boolean {
  if (bytes === 0) return false
  if (rotation.size > 0 && bytes + more > rotation.size) return true
  return period !== findPeriod(rotation, new Date())
}

const MINUTE_MS = 60_000
/** A Monday, so that weeks begin with one, and what divides a day with midnight. */
const FIRST_MS = Date.UTC(1970, 0, 5)

/** The number of the hour, day or the like that a time is in by the local clock; 0 if files are not begun for one. */
export function findPeriod({ every }: Rotation, time: Date): number {
  if (every === undefined) return 0
  const local = time.getTime() - time.getTimezoneOffset() * MINUTE_MS
  return Math.floor((local - FIRST_MS) / every)
}

/** Renames a file so that its name tells when it was put aside. Throws as `renameSync` and `readdirSync` do. */
export function putAside(path: string): void {
  const stamped = `${path}.${formatStamp(new Date())}`
  const taken = readdirSync(dirname(path))
    .map((name) => join(dirname(path), name))
    .filter((one) => one === stamped || one.startsWith(`${stamped}.`))
    .map((one) => Number(one.slice(stamped.length + 1)))
  // Numbers grow though older files were removed, because they tell the order.
  const aside = taken.length === 0 ? stamped : `${stamped}.${Math.max(...taken) + 1}`
  renameSync(path, aside)
}

/** Removes the oldest of the files that were put aside. Rejects when the folder cannot be read or a file not removed. */
export async function removeOldest(path: string, keep: number): Promise<void> {
  const folder = dirname(path)
  const prefix = `${basename(path)}.`
  const aside = (await readdir(folder)).filter(
    (name) => name.startsWith(prefix) && STAMP.test(name.slice(prefix.length)),
  )
  aside.sort((one, other) => rank(one).localeCompare(rank(other)))
  for (const name of aside.slice(0, Math.max(0, aside.length - keep)))
    await unlink(join(folder, name))
}

const STAMP = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?$/

/** Numbers behind equal stamps are ordered as numbers. */
function rank(name: string): string {
  const [whole, number = '0'] = /T\d\d-\d\d-\d\d(?:\.(\d+))?$/.exec(name) ?? ['']
  return name.slice(0, name.length - whole.length) + whole.slice(0, 9) + number.padStart(9, '0')
}

/** `2026-01-31T23-59-59`, local time. */
function formatStamp(time: Date): string {
  const day = [time.getFullYear(), time.getMonth() + 1, time.getDate()]
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()]
  return `${day.map(pad).join('-')}T${clock.map(pad).join('-')}`
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
