import { BlockList, isIP } from 'node:net'

import { unmapAddress } from './ip-address.ts'

/** A set of addresses. */
export interface Networks {
  /** Whether an IP address, such as the remote one of a connection, is in it. */
  has(address: string): boolean
}

const FAMILIES = { 4: { name: 'ipv4', bits: 32 }, 6: { name: 'ipv6', bits: 128 } } as const

/** Whether a text is an IP address, or a network such as `10.0.0.0/8`. */
export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined
}

/** Makes the set of all addresses in networks. Throws for a text that is none. */
export function createNetworks(texts: readonly string[]): Networks {
  const list = new BlockList()
  for (const text of texts) {
    const network = parseNetwork(text)
    if (network === undefined) throw new Error(`${JSON.stringify(text)} is no network`)
    list.addSubnet(network.address, network.prefix, network.family.name)
  }
  return {
    has(address) {
      const [zoned = ''] = address.split('%', 1)
      const bare = unmapAddress(zoned)
      const family = familyOf(bare)
      return family !== undefined && list.check(bare, family.name)
    },
  }
}

function parseNetwork(text: string) {
  const [, address = '', digits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const family = familyOf(address)
  const prefix = digits === undefined ? family?.bits : Number(digits)
  if (family === undefined || prefix === undefined || prefix > family.bits) return undefined
  return { address, prefix, family }
}

function familyOf(address: string) {
  const version = isIP(address)
  return version === 4 || version === 6 ? FAMILIES[version] : undefined
}
