import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Cause } from '../../src/processes/cause.ts'
import { HealthCheck, type Checked } from '../../src/processes/health-check.ts'

class FakeProcess implements Checked {
  progressedAt = performance.now()
  heardAt = performance.now()
  ready = true
  starting = false
  readonly calls: string[] = []

  ping(): void {
    this.calls.push('ping')
  }

  failStart(summary: string): void {
    this.starting = false
    this.calls.push(summary)
  }

  declareUnhealthy({ text }: Cause): void {
    this.calls.push(text)
  }

  abort(): void {
    this.ready = false
    this.calls.push('abort')
  }
}

function check(process: FakeProcess, ping = 3000): HealthCheck<FakeProcess> {
  const healthCheck = new HealthCheck({
    startup: { ms: 5000, name: 'timeouts.startup' },
    ping: { ms: ping, name: 'deadlockTimeout' },
    members: () => [process],
  })
  healthCheck.start()
  return healthCheck
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test('a process that answers its pings is left alone', () => {
  const process = new FakeProcess()
  const healthCheck = check(process)
  for (let second = 0; second < 60; second++) {
    vi.advanceTimersByTime(1000)
    process.heardAt = performance.now()
  }
  healthCheck.stop()
  expect(new Set(process.calls)).toEqual(new Set(['ping']))
})

test('a silent process is declared unhealthy and killed', () => {
  const process = new FakeProcess()
  check(process)
  vi.advanceTimersByTime(4000)
  expect(process.calls.filter((call) => call !== 'ping')).toEqual([
    expect.stringMatching(/^sent nothing for \d+ ms \(deadlockTimeout\)$/),
    'abort',
  ])
})

test('a process that does not become ready in time fails its start', () => {
  const process = new FakeProcess()
  process.ready = false
  process.starting = true
  check(process)
  vi.advanceTimersByTime(4500)
  expect(process.calls).not.toContain('it was not ready within 5000 ms (timeouts.startup)')
  vi.advanceTimersByTime(1000)
  expect(process.calls).toContain('it was not ready within 5000 ms (timeouts.startup)')
})

test('progress extends the time for a start', () => {
  const process = new FakeProcess()
  process.ready = false
  process.starting = true
  check(process)
  vi.advanceTimersByTime(4500)
  process.progressedAt = performance.now()
  vi.advanceTimersByTime(4500)
  const late = 'it was not ready within 5000 ms (timeouts.startup)'
  expect(process.calls).not.toContain(late)
  vi.advanceTimersByTime(1000)
  expect(process.calls).toContain(late)
})

test('without a limit for silence a process is pinged, too, because its replies may be its progress', () => {
  const process = new FakeProcess()
  process.ready = false
  process.starting = true
  check(process, 0)
  for (let second = 0; second < 20; second++) {
    vi.advanceTimersByTime(1000)
    if (process.calls.length > second / 4) process.progressedAt = performance.now()
  }
  expect(new Set(process.calls)).toEqual(new Set(['ping']))
})

test('silence during a pause of this process does not count', () => {
  const process = new FakeProcess()
  check(process)
  vi.advanceTimersByTime(1000)
  process.heardAt = performance.now()
  vi.setSystemTime(Date.now() + 60_000)
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000)
  vi.advanceTimersToNextTimer()
  expect(process.calls).not.toContain('abort')
  vi.restoreAllMocks()
})
