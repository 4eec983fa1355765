import type { Spoken } from '../streams/listening/addresses.ts'
import type { Prelude } from './listening/prelude.ts'
import type { FrontOptions } from './options.ts'

/** Loads what the connections of an address go through before its protocol, in this order; an address without any loads nothing. */
export async function loadPreludes(
  address: Spoken,
  { logger }: FrontOptions,
): Promise<readonly Prelude[]> {
  const preludes: Prelude[] = []
  if (address.proxyProtocol === true) {
    const { ProxyPrelude } = await import('./proxy-protocol/proxy-prelude.ts')
    preludes.push(new ProxyPrelude(logger))
  }
  return preludes
}
