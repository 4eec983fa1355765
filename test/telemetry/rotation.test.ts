import { expect, test } from 'vitest'

import { resolveConfigPlan } from '../../src/server/load-plan.ts'
import { findPeriod } from '../../src/telemetry/rotation.ts'
import { messageOf } from '../support/message-of.ts'

/** Milliseconds that a configuration gives. */
function readEvery(every: string): number | undefined {
  const access = { file: 'a.log', rotate: { every } }
  const caller = { cwd: import.meta.dirname, environment: {} }
  const { log } = resolveConfigPlan({ app: 'shop:app', log: { access } }, caller)
  return typeof log.access === 'object' ? log.access.rotate?.every : undefined
}

/** `time` is local. */
function periodOf(every: string, time: string): number {
  return findPeriod({ size: 0, every: readEvery(every), keep: 1 }, new Date(time))
}

test.each([
  ['hour', '2026-01-05T10:00', '2026-01-05T10:59', '2026-01-05T11:00'],
  ['day', '2026-01-05T00:00', '2026-01-05T23:59', '2026-01-06T00:00'],
  // A Monday is the first day of a week.
  ['week', '2026-01-05T00:00', '2026-01-11T23:59', '2026-01-12T00:00'],
  ['7d', '2026-01-05T00:00', '2026-01-11T23:59', '2026-01-12T00:00'],
  ['6h', '2026-01-05T06:00', '2026-01-05T11:59', '2026-01-05T12:00'],
  ['30m', '2026-01-05T06:30', '2026-01-05T06:59', '2026-01-05T07:00'],
  ['1.5h', '2026-01-05T01:30', '2026-01-05T02:59', '2026-01-05T03:00'],
] as const)('%s begins and ends by local time', (every, first, last, next) => {
  expect(periodOf(every, last)).toBe(periodOf(every, first))
  expect(periodOf(every, next)).toBe(periodOf(every, first) + 1)
})

test.each(['month', '10s', '0.5m', '0d', '7', 'hours'])('%s is refused', (every) => {
  expect(messageOf(() => readEvery(every))).toContain(
    `log.access.rotate.every: expected "hour", "day", "week", or a duration from a minute on, like "30m", "6h" or "7d", found ${JSON.stringify(every)}`,
  )
})
