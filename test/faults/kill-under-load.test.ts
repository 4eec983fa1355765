import { expect, test } from 'vitest'

import { formatRequest, openRaw, type RawConnection } from '../support/raw-client.ts'
import { startFaultLab, type FaultLab } from './fault-lab.ts'

const REQUESTS = 20_000
const KILLS = 20
const CONNECTIONS = 16
const THREADS = 4

interface Tally {
  next: number
  good: number
  readonly wrong: string[]
  readonly failed: Map<number, string>
  readonly killed: Set<number>
}

test('20 workers killed during 20,000 requests: only their requests fail, as 502 or aborted', async () => {
  const lab = await startFaultLab(['-p', '2', '-t', String(THREADS), '--no-access-log'])
  try {
    const tally: Tally = { next: 0, good: 0, wrong: [], failed: new Map(), killed: new Set() }
    await Promise.all(Array.from({ length: CONNECTIONS }, () => client(lab, tally)))
    expect(tally.wrong).toEqual([])
    expect(tally.killed.size).toBe(KILLS)
    expect(tally.good + tally.failed.size).toBe(REQUESTS)
    expect([...tally.failed.values()].filter((how) => how !== '502' && how !== 'aborted')).toEqual(
      [],
    )
    expect(tally.failed.size).toBeLessThanOrEqual(KILLS * THREADS)
    await checkJournal(lab, tally)
    expect((await lab.pids()).worker).toBeGreaterThan(0)
  } finally {
    await lab.stop()
  }
}, 180_000)

async function client(lab: FaultLab, tally: Tally): Promise<void> {
  let connection: RawConnection | undefined
  while (tally.next < REQUESTS) {
    const number = tally.next
    tally.next += 1
    connection ??= await openRaw(lab.url)
    connection.send(formatRequest({ target: `/work?n=${number}` }))
    const response = await connection.readFinalResponse().catch(() => undefined)
    if (response === undefined || !response.complete) {
      tally.failed.set(number, connection.ended ? 'aborted' : 'hangs')
      connection.destroy()
      connection = undefined
      continue
    }
    const [answered, pid] = response.text.split(' ').map(Number)
    if (response.status === 502) tally.failed.set(number, '502')
    else if (response.status !== 200 || answered !== number)
      tally.wrong.push(`${number}: ${response.status} ${response.text.slice(0, 80)}`)
    else tally.good += 1
    if (/(^|,)\s*close/i.test(response.header('connection') ?? '') || connection.ended) {
      connection.destroy()
      connection = undefined
    }
    killSometimes(tally, { number, pid })
  }
  connection?.destroy()
}

function killSometimes(
  tally: Tally,
  { number, pid }: { number: number; pid: number | undefined },
): void {
  const due = (tally.killed.size + 1) * (REQUESTS / (KILLS + 1))
  if (
    number < due ||
    tally.killed.size >= KILLS ||
    pid === undefined ||
    tally.killed.has(pid) ||
    Number.isNaN(pid)
  )
    return
  tally.killed.add(pid)
  process.kill(pid, 'SIGKILL')
}

async function checkJournal(lab: FaultLab, tally: Tally): Promise<void> {
  const begun = new Map<number, number[]>()
  for (const { pid, what } of await lab.journal()) {
    const number = Number(what)
    if (Number.isInteger(number)) begun.set(number, [...(begun.get(number) ?? []), pid])
  }
  for (const [number, how] of tally.failed) {
    for (const pid of begun.get(number) ?? [])
      expect(tally.killed.has(pid), `request ${number} (${how}) was in worker ${pid}`).toBe(true)
  }
  const twice = [...begun].filter(([, pids]) => pids.length > 1)
  expect(twice, 'requests that ran twice').toEqual([])
}
