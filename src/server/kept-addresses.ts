import {
  formatAddress,
  type BoundAddress,
  type ListenAddress,
} from '../streams/listening/addresses.ts'
import { expandLocalhost } from '../streams/listening/both-families.ts'
import { KeptListener } from '../streams/listening/kept-listener.ts'

/** The listening sockets of a server, which stay open while fronts come and go. */
export class KeptAddresses {
  readonly #open = new Map<string, KeptListener>()

  /** Sources of connections for these addresses, by sockets that are open already or will be. */
  async list(addresses: readonly ListenAddress[]): Promise<ListenAddress[]> {
    const names = new Map<string, number>()
    return (await expandLocalhost(addresses)).map((address) => {
      if (address.kind === 'source') return address
      // Port 0 may be given twice.
      const name = nameSocket(address)
      const count = (names.get(name) ?? 0) + 1
      names.set(name, count)
      return { ...speak(address), kind: 'source', source: this.#find(`${name} ${count}`, address) }
    })
  }

  /** Opens those that are not open. Rejects with `ADDRESS_IN_USE` or `ADDRESS_UNUSABLE`, after closing what it has opened. */
  async open(): Promise<void> {
    try {
      for (const listener of this.#open.values()) await listener.open()
    } catch (error) {
      await this.closeUnused()
      throw error
    }
  }

  /** Closes those that nobody listens at. */
  async closeUnused(): Promise<void> {
    await Promise.all([...this.#open.values()].map((listener) => listener.closeUnused()))
  }

  #find(name: string, address: BoundAddress): KeptListener {
    const known = this.#open.get(name)
    if (known !== undefined) return known
    const listener = new KeptListener(address, () => this.#open.delete(name))
    this.#open.set(name, listener)
    return listener
  }
}

/** What tells sockets apart, whatever is spoken there. */
function nameSocket({
  protocol: _protocol,
  secure: _secure,
  proxyProtocol: _proxy,
  ...place
}: BoundAddress): string {
  return formatAddress(place)
}

function speak({ protocol, secure, proxyProtocol }: BoundAddress) {
  return { protocol, secure, proxyProtocol }
}
