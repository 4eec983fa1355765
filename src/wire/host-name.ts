/** The host of an authority `host[:port]`, in lower case, without port and final dot. */
export function normalizeHost(authority: string): string {
  const colon = authority.lastIndexOf(':')
  const bracket = authority.lastIndexOf(']')
  let end = colon > bracket ? colon : authority.length
  if (end > 1 && authority.charCodeAt(end - 1) === 0x2e) end -= 1
  return authority.slice(0, end).toLowerCase()
}
