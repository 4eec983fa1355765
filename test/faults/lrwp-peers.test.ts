import { expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import {
  formatRequest,
  openRaw,
  pollUntil,
  sleep,
  type RawConnection,
} from '../support/raw-client.ts'
import { findDoor } from '../upstreams/lrwp/support/door.ts'
import {
  formatOutput,
  registerPeer,
  type PeerRequest,
  type RawPeer,
} from '../upstreams/lrwp/support/raw-peer.ts'
import { countDescriptors } from './fault-lab.ts'

const REQUESTS = 20_000
const CONNECTIONS = 16
/** Peers that come and go at a time, and how long each one stays, in ms. */
const COMING = 4
const STAY = 50

interface Tally {
  next: number
  good: number
  deaths: number
  readonly wrong: string[]
  /** How requests failed, by their number. */
  readonly failed: Map<number, number>
  /** Requests that were answered, or were in the hands of a peer. */
  readonly seen: Map<number, number>
}

function answer(tally: Tally, { variables }: PeerRequest): string {
  const number = Number(variables['QUERY_STRING'])
  tally.seen.set(number, (tally.seen.get(number) ?? 0) + 1)
  return formatOutput(String(number))
}

function isOver(tally: Tally): boolean {
  return tally.next >= REQUESTS
}

/** Peers that register, serve for a moment, and break off whatever they have. */
async function comeAndGo(door: string, tally: Tally): Promise<void> {
  while (!isOver(tally)) {
    const peer = await registerPeer(door, 'calc')
    void peer.serve((request) => answer(tally, request))
    await sleep(STAY * (1 + Math.random()))
    leave(peer, tally)
  }
}

function leave(peer: RawPeer, tally: Tally): void {
  tally.deaths += 1
  if (tally.deaths % 2 === 0) peer.connection.reset()
  else peer.connection.destroy()
}

async function client(url: string, tally: Tally): Promise<void> {
  const connection: RawConnection = await openRaw(url)
  while (!isOver(tally)) {
    const number = tally.next
    tally.next += 1
    connection.send(formatRequest({ target: `/calc?${number}` }))
    const { status, text } = await connection.readFinalResponse()
    if (status === 200 && text === String(number)) tally.good += 1
    else if (status === 502 || status === 503) tally.failed.set(number, status)
    else tally.wrong.push(`${number}: ${status} ${text.slice(0, 80)}`)
  }
  connection.destroy()
}

async function run(steady: number): Promise<Tally> {
  using project = createProject({})
  const args = ['--lrwp', '127.0.0.1:0', '-b', '127.0.0.1:0', '--no-access-log']
  await using taipan = await startTaipan(args, { cwd: project.folder })
  const door = await findDoor(taipan)
  const before = await countDescriptors(taipan.pid)
  const tally: Tally = {
    next: 0,
    good: 0,
    deaths: 0,
    wrong: [],
    failed: new Map(),
    seen: new Map(),
  }
  const stable = await Promise.all(
    Array.from({ length: steady }, async () => await registerPeer(door, 'calc')),
  )
  for (const peer of stable) void peer.serve((request) => answer(tally, request))
  await Promise.all([
    ...Array.from({ length: COMING }, async () => await comeAndGo(door, tally)),
    ...Array.from({ length: CONNECTIONS }, async () => await client(taipan.url, tally)),
  ])
  for (const peer of stable) peer[Symbol.dispose]()
  const isClean = async () => (await countDescriptors(taipan.pid)) <= before || undefined
  await pollUntil(isClean, 'no more descriptors than before')
  return tally
}

function check({ wrong, good, deaths, failed, seen }: Tally): void {
  expect(deaths).toBeGreaterThan(COMING)
  expect(wrong).toEqual([])
  expect(good + failed.size).toBe(REQUESTS)
  const twice = [...seen].filter(([, times]) => times > 1)
  expect(twice, 'requests that two peers have got').toEqual([])
}

test('peers come and go under load: each costs the request that it has, as 502', async () => {
  const tally = await run(1)
  check(tally)
  expect([...tally.failed.values()].filter((status) => status !== 502)).toEqual([])
  expect(tally.failed.size).toBeLessThanOrEqual(tally.deaths)
}, 120_000)

test('while no peer is left requests get 503, and nothing waits for ever', async () => {
  const tally = await run(0)
  check(tally)
  const lost = [...tally.failed.values()].filter((status) => status === 502)
  expect(lost.length).toBeLessThanOrEqual(tally.deaths)
}, 120_000)
