import { createRequire } from 'node:module'
import type * as cronerModule from 'croner'

const require = createRequire(import.meta.url)

/** When something is due. */
export interface CronPattern {
  /** The next time; null: never. */
  nextRun(): Date | null
}

/** Parses five fields as in a crontab, or six with seconds. Throws with what is wrong. */
export function createCronPattern(schedule: string): CronPattern {
  // Loaded here, because most servers have no jobs.
  const { Cron }: typeof cronerModule = require('croner')
  return new Cron(schedule, { paused: true, mode: '5-or-6-parts' })
}
