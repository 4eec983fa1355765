import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll } from 'vitest'

import { startTaipan, type RunningTaipan } from '../../support/cli.ts'
import { describePeer } from '../../support/peers/describe-peer.ts'
import type { Peer, PeerKind } from '../../support/peers/peer.ts'
import type { PlaceOptions } from '../../support/peers/place.ts'
import { makeFolder } from './folder.ts'

/** Taipan before a peer. */
export interface Gateway {
  readonly peer: Peer
  readonly taipan: RunningTaipan
  /** Address of Taipan. */
  readonly url: string
}

/** How a peer stands behind a route. */
export interface GatewayPlan extends PlaceOptions {
  readonly kind: PeerKind
  readonly path: string
  /** Keys of the route beside its path. */
  readonly route?: (upstream: string) => Readonly<Record<string, unknown>>
}

/** Tests of a route to a running peer, which are skipped where it is not installed. */
export function describeGateway(
  plan: GatewayPlan,
  describeTests: (current: () => Gateway) => void,
): void {
  describePeer(plan.kind, plan, (currentPeer) => {
    let gateway: Gateway | undefined
    beforeAll(async () => {
      gateway = await startGateway(plan, currentPeer())
    })
    afterAll(async () => void (await gateway?.taipan.stop()))
    describeTests(() => {
      if (gateway === undefined) throw new Error('the gateway has not been started')
      return gateway
    })
  })
}

async function startGateway({ path, route }: GatewayPlan, peer: Peer): Promise<Gateway> {
  const { url } = peer.place
  const keys = route?.(url) ?? { upstream: url }
  const file = join(await makeFolder(), 'taipan.config.json')
  await writeFile(file, JSON.stringify({ routes: [{ path, ...keys }] }))
  const taipan = await startTaipan(['--config', file, '-b', '127.0.0.1:0'])
  return { peer, taipan, url: taipan.url }
}
