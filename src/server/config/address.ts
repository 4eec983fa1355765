/** Where to listen. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number }

/** Parses `host:port`, `[ipv6]:port`, `unix:PATH` or `fd:N`; returns a message if the text is invalid. */
export function parseAddress(text: string): Address | string {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    return path === '' || path.includes('\0')
      ? 'unix: needs the path of a socket, as in unix:/run/taipan.sock'
      : { kind: 'unix', path }
  }
  if (text.startsWith('fd:')) return parseDescriptor(text.slice('fd:'.length))
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^[\]:/\s@?#]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3] ?? Number.NaN)
  if (match === null || port > 65_535) return describeWrong(text)
  return { kind: 'tcp', host: match[1] ?? match[2] ?? '', port }
}

function parseDescriptor(text: string): Address | string {
  const fd = Number(text)
  return /^\d{1,7}$/.test(text) && fd > 2
    ? { kind: 'fd', fd }
    : 'fd: needs the number of an inherited listening socket, from 3 on'
}

function describeWrong(text: string): string {
  const port = /^:?(\d{1,5})$/.exec(text)?.[1]
  if (port !== undefined)
    return `write 127.0.0.1:${port} for this machine only, or 0.0.0.0:${port} for every interface`
  if (/^[\w.-]+$/.test(text)) return `the port is missing; write ${text}:8000`
  return 'expected host:port, [ipv6]:port, unix:PATH or fd:N'
}
