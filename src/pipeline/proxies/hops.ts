/** More proxies than this in a row are not looked at. */
const MOST_HOPS = 64

/**
 * The index of the client in what proxies have noted, of whom the last one is the nearest: walks from there over those that
 * are trusted, up to the first that is not, and stops before the first that is no address. Undefined if that is the nearest.
 */
export function findClient(
  count: number,
  readAddress: (index: number) => string | undefined,
  isTrusted: (address: string) => boolean,
): { readonly index: number; readonly addresses: readonly string[] } | undefined {
  const addresses: string[] = []
  for (let index = count - 1; index >= 0 && addresses.length < MOST_HOPS; index -= 1) {
    const address = readAddress(index)
    if (address === undefined) break
    addresses.unshift(address)
    if (!isTrusted(address)) break
  }
  return addresses.length === 0 ? undefined : { index: count - addresses.length, addresses }
}
