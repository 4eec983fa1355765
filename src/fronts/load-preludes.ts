import type { Spoken } from '../streams/listening/addresses.ts'
import type { Prelude } from './listening/prelude.ts'
import type { RefusedConnections } from './listening/refused-connections.ts'
import type { FrontPartOptions } from './options.ts'

/** Loads what the connections of an address go through before its protocol, in this order; an address without any loads nothing. */
export async function loadPreludes(
  address: Spoken,
  { refusals, handshakes, serverSoftware }: FrontPartOptions,
  refused: RefusedConnections,
): Promise<readonly Prelude[]> {
  const preludes: Prelude[] = []
  if (address.proxyProtocol === true) {
    const { ProxyPrelude } = await import('./proxy-protocol/proxy-prelude.ts')
    preludes.push(new ProxyPrelude(refusals))
  }
  if (address.secure === true) {
    if (handshakes === undefined) throw new Error('an https address needs handshakes')
    const { TlsPrelude } = await import('./tls/tls-prelude.ts')
    preludes.push(new TlsPrelude({ handshakes, serverSoftware, refusals }, refused))
  }
  return preludes
}
