import { afterAll, beforeAll, describe } from 'vitest'

import { findMissing, startPeer, type Peer, type PeerKind } from './peer.ts'
import type { PlaceOptions } from './place.ts'

/** Tests of one running peer, which are skipped where it is not installed. */
export function describePeer(
  kind: PeerKind,
  options: PlaceOptions,
  describeTests: (current: () => Peer) => void,
): void {
  const missing = findMissing(kind)
  const { protocol, unix = false } = options
  const reason = missing === undefined ? '' : ` (skipped: there is no ${missing})`
  const socket = unix ? ' on a Unix socket' : ''
  describe.skipIf(missing !== undefined)(`${kind.name} by ${protocol}${socket}${reason}`, () => {
    let peer: Peer | undefined
    beforeAll(async () => {
      peer = await startPeer(kind, options)
    })
    afterAll(async () => await peer?.stop())
    describeTests(() => {
      if (peer === undefined) throw new Error(`${kind.name} has not been started`)
      return peer
    })
  })
}
