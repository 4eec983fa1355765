import { describe, expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { findMissing, startPeer, type Peer, type PeerKind } from '../support/peers/peer.ts'
import { phpFpm, PHP_ROOT } from '../support/peers/php.ts'
import type { Protocol } from '../support/peers/place.ts'
import { uwsgi } from '../support/peers/programs.ts'
import { uvicorn } from '../support/peers/python.ts'
import { createProject } from '../support/project.ts'
import { formatRequest, openRaw, type RawConnection } from '../support/raw-client.ts'

const REQUESTS = 20_000
const KILLS = 20
const CLIENTS = 16
/** Requests in the hands of an address at most. */
const CONNECTIONS = 4

interface Row {
  readonly kind: PeerKind
  readonly protocol: Protocol
  readonly route: Readonly<Record<string, unknown>>
  readonly target: string
}

const ROWS: readonly Row[] = [
  {
    kind: phpFpm,
    protocol: 'fastcgi',
    route: { path: '/', root: PHP_ROOT, split: '.php' },
    target: '/lab.php/echo',
  },
  { kind: uwsgi, protocol: 'uwsgi', route: { path: '/' }, target: '/echo' },
  { kind: uvicorn, protocol: 'http', route: { path: '/' }, target: '/echo' },
]

interface Tally {
  next: number
  good: number
  kills: number
  readonly wrong: string[]
  readonly failed: string[]
  restarting: Promise<void> | undefined
}

describe.each(ROWS)('$kind.name by $protocol', ({ kind, protocol, route, target }) => {
  const missing = findMissing(kind)
  test.skipIf(missing !== undefined)(
    'two addresses are killed in turn, 20 times in 20,000 requests: only what they had fails, as 502 or aborted',
    async () => {
      await using one = await startPeer(kind, { protocol, children: CONNECTIONS })
      await using other = await startPeer(kind, { protocol, children: CONNECTIONS })
      const urls = [one.place.url, other.place.url]
      const upstream = { urls, connections: CONNECTIONS }
      using project = createProject({
        'taipan.config.json': JSON.stringify({ routes: [{ ...route, upstream }] }),
      })
      await using taipan = await startTaipan(['-b', '127.0.0.1:0', '--no-access-log'], {
        cwd: project.folder,
      })
      const tally: Tally = {
        next: 0,
        good: 0,
        kills: 0,
        wrong: [],
        failed: [],
        restarting: undefined,
      }
      const clients = Array.from({ length: CLIENTS }, async () => {
        await ask(`${taipan.url}${target}`, tally, [one, other])
      })
      await Promise.all(clients)
      await tally.restarting
      expect(tally.wrong).toEqual([])
      expect(tally.failed.filter((how) => how !== '502' && how !== 'aborted')).toEqual([])
      // Its processes die one after another, and the last ones are still sent requests.
      expect(tally.failed.length).toBeLessThanOrEqual(KILLS * CONNECTIONS * 2)
      expect(tally.good + tally.failed.length).toBe(tally.next)
    },
    180_000,
  )
})

/** One client, whose requests follow each other until all are sent and all kills were done. */
async function ask(url: string, tally: Tally, peers: readonly Peer[]): Promise<void> {
  let connection: RawConnection | undefined
  while (tally.next < REQUESTS || tally.kills < KILLS) {
    const number = tally.next
    tally.next += 1
    connection ??= await openRaw(url)
    connection.send(formatRequest({ target: `${new URL(url).pathname}?n=${number}` }))
    const answer = await connection.readFinalResponse().catch(() => undefined)
    if (answer === undefined || !answer.complete)
      tally.failed.push(connection.ended ? 'aborted' : 'hangs')
    else if (answer.status !== 200) tally.failed.push(String(answer.status))
    else if (JSON.parse(answer.text).query !== `n=${number}`) tally.wrong.push(answer.text)
    else tally.good += 1
    if (answer === undefined || connection.ended) {
      connection.destroy()
      connection = undefined
    }
    restartSometimes(tally, peers)
  }
  connection?.destroy()
}

function restartSometimes(tally: Tally, peers: readonly Peer[]): void {
  const due = (tally.kills + 1) * (REQUESTS / (KILLS + 1))
  const peer = peers[tally.kills % peers.length]
  if (tally.next < due || tally.kills >= KILLS || tally.restarting !== undefined) return
  tally.kills += 1
  tally.restarting = peer?.restart().finally(() => {
    tally.restarting = undefined
  })
}
