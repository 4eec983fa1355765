import type { ConnectionFacts } from '../../core/exchange.ts'
import { createNetworks, isNetwork } from '../../core/networks.ts'

const LOOPBACK = ['127.0.0.0/8', '::1']

/** Which peers are proxies that are believed. */
export interface Trust {
  hasAddress(address: string): boolean
  hasPeer(connection: ConnectionFacts): boolean
}

/** Whether a text names peers: an address, a network, `loopback`, or `unix`. */
export function isTrustRule(text: string): boolean {
  return text === 'loopback' || text === 'unix' || isNetwork(text)
}

/** Makes the trust in peers; all texts must be rules. */
export function createTrust(rules: readonly string[]): Trust {
  const trustsUnix = rules.includes('unix')
  const networks = createNetworks(
    rules.flatMap((rule) => (rule === 'loopback' ? LOOPBACK : rule === 'unix' ? [] : [rule])),
  )
  return {
    hasAddress: (address) => networks.has(address),
    hasPeer: ({ remoteAddress, localPath }) =>
      remoteAddress === '' ? trustsUnix && localPath !== '' : networks.has(remoteAddress),
  }
}
