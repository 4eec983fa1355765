import type { Exchange } from '../../core/exchange.ts'
import type { Balance } from './gateway-options.ts'
import type { GatewayAddress } from './gateway-address.ts'

/** Chooses one of the candidates, of which there is at least one; undefined if the request has to wait for it. */
export type Balancer = (
  candidates: readonly GatewayAddress[],
  exchange: Exchange,
) => GatewayAddress | undefined

/** Makes what chooses addresses. */
export function createBalancer(balance: Balance): Balancer {
  if (balance === 'least') return createLeast()
  if (balance === 'round-robin') return createRoundRobin()
  const { hash } = balance
  if (hash === 'address') return createHash(({ connection }) => connection.remoteAddress)
  const name = hash.slice('header:'.length).toLowerCase()
  return createHash(({ request: { fields } }) => {
    const at = fields.findIndex((field, index) => index % 2 === 0 && field.toLowerCase() === name)
    return at === -1 ? '' : (fields[at + 1] ?? '')
  })
}

/** The one with the fewest requests; equals take turns. */
function createLeast(): Balancer {
  let turn = 0
  return (candidates) => {
    let best: GatewayAddress | undefined
    let chosen = 0
    for (let i = 0; i < candidates.length; i++) {
      const at = (turn + i) % candidates.length
      const address = candidates[at]
      if (address?.hasRoom !== true || (best !== undefined && address.active >= best.active))
        continue
      best = address
      chosen = at
    }
    turn = chosen + 1
    return best
  }
}

function createRoundRobin(): Balancer {
  let turn = 0
  return (candidates) => {
    for (let i = 0; i < candidates.length; i++) {
      const at = (turn + i) % candidates.length
      const address = candidates[at]
      if (address?.hasRoom !== true) continue
      turn = at + 1
      return address
    }
    return undefined
  }
}

/** Rendezvous hashing: when an address goes or comes, only its own share of the values moves. */
function createHash(readKey: (exchange: Exchange) => string): Balancer {
  return (candidates, exchange) => {
    const key = readKey(exchange)
    let best: GatewayAddress | undefined
    let highest = -1
    for (const address of candidates) {
      const score = hash(`${address.name}\0${key}`)
      if (score <= highest) continue
      best = address
      highest = score
    }
    return best?.hasRoom === true ? best : undefined
  }
}

/** FNV-1a with the last mixing steps of MurmurHash3, because names of addresses differ in a digit only. */
function hash(text: string): number {
  let value = 0x81_1c_9d_c5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01_00_01_93)
  value = Math.imul(value ^ (value >>> 16), 0x85_eb_ca_6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2_b2_ae_35)
  return (value ^ (value >>> 16)) >>> 0
}
