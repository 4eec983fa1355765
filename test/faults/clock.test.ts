import { execFileSync } from 'node:child_process'
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { fetchRaw, formatRequest, openRaw, sleep } from '../support/raw-client.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url))
const LIMITED =
  'fault_table.py -b 127.0.0.1:0 -p 1 -t 3 --no-access-log --deadlock-timeout 20 --timeout-request 60s --queue-timeout 60s --restart-interval 1h --inactivity-timeout 1h --timeout-body 60s --cpu-time-limit 1h'
const DAY = 24 * 3600

const hasCompiler = ((): boolean => {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

let folder: string
let library: string
let offset: number

/** Moves the time of day of the server and its workers. */
function moveClock(seconds: number): void {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(seconds))
  writeSync(offset, bytes, 0, 8, 0)
}

describe.skipIf(!hasCompiler || process.platform !== 'linux')('a clock that jumps', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'taipan-clock-'))
    library = join(folder, 'clock.so')
    const source = join(FIXTURES, 'programs/moved-clock.c')
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source])
    offset = openSync(join(folder, 'offset'), 'w+')
    moveClock(0)
  })

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  test('ends no request, no connection and no worker', async () => {
    await using taipan = await startTaipan(LIMITED.split(' '), {
      cwd: join(FIXTURES, 'apps'),
      env: { LAB_FOLDER: folder, LD_PRELOAD: library, CLOCK_OFFSET: join(folder, 'offset') },
    })
    const from = taipan.output.length
    const kept = await openRaw(taipan.url)
    const ask = async (): Promise<{ pid: string; date: number }> => {
      kept.send(formatRequest({ target: '/pid' }))
      const response = await kept.readFinalResponse()
      expect(response.status).toBe(200)
      return { pid: response.text, date: Date.parse(response.header('date') ?? '') }
    }
    const before = await ask()
    const running = fetchRaw(taipan.url, '/waited')
    const upload = await openRaw(taipan.url)
    upload.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1')
    for (const jump of [30 * DAY, -30 * DAY, 1]) {
      moveClock(jump)
      // Longer than between two rounds that look at time limits.
      await sleep(1200)
      const { pid, date } = await ask()
      expect(pid).toBe(before.pid)
      if (Math.abs(jump) > DAY) expect(Math.sign(date - before.date)).toBe(Math.sign(jump))
    }
    upload.send('2')
    expect((await upload.readFinalResponse()).text).toBe('2')
    expect((await fetchRaw(taipan.url, '/opened')).text).toBe(before.pid)
    expect((await running).text).toBe('waited')
    expect(taipan.output.slice(from)).toBe('')
    kept.destroy()
    upload.destroy()
  })
})
