import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { LimitedLog } from '../../src/core/limited-log.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

function startLog(): { readonly log: LimitedLog; readonly lines: string[] } {
  const lines: string[] = []
  const log = new LimitedLog({
    write: (fields, message) => lines.push(`${message} ${JSON.stringify(fields)}`),
    further: 'more were refused',
  })
  return { log, lines }
}

function noteMany({ log }: { readonly log: LimitedLog }, count: number): void {
  for (let number = 1; number <= count; number += 1) log.note({ number }, 'refused:')
}

test('the first records of a period are told, and how many followed', () => {
  const started = startLog()
  noteMany(started, 1000)
  expect(started.lines).toHaveLength(20)
  expect(started.lines[19]).toBe('refused: {"number":20}')
  vi.advanceTimersByTime(10_000)
  expect(started.lines.slice(20)).toEqual([
    '980 more were refused within 10 seconds, which are not told one by one {"leftOut":980}',
  ])
})

test('a new period tells records again, and nothing of one in which all were told', () => {
  const started = startLog()
  noteMany(started, 20)
  vi.advanceTimersByTime(10_000)
  noteMany(started, 1)
  vi.advanceTimersByTime(60_000)
  expect(started.lines).toHaveLength(21)
  expect(started.lines[20]).toBe('refused: {"number":1}')
})

test('what was left out is told before the period is over when the log ends', () => {
  const started = startLog()
  noteMany(started, 21)
  started.log.flush()
  started.log.flush()
  vi.advanceTimersByTime(60_000)
  expect(started.lines).toHaveLength(21)
  expect(started.lines[20]).toMatch(/^1 more were refused /)
})
