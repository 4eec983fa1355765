/** Where to listen. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'unix'
      readonly path: string
      /** Permissions of the socket; by default those that the umask leaves. */
      readonly mode?: number | undefined
    }
  | { readonly kind: 'fd'; readonly fd: number }

const ANY_HOST = '0.0.0.0'

/** Completes a port without host: `8000` means this machine only, as for `runserver`; `:8000` and `*:8000` mean every interface. */
export function expandAddress(text: string): string | undefined {
  const [, host, port] = /^(:|\*:)?(\d{1,5})$/.exec(text) ?? []
  if (port === undefined) return undefined
  return `${host === undefined ? '127.0.0.1' : ANY_HOST}:${port}`
}

/** Parses `host:port`, `[ipv6]:port`, `unix:PATH`, `unix:PATH?mode=660` or `fd:N`; returns a message if the text is invalid. */
export function parseAddress(text: string): Address | string {
  if (text.startsWith('unix:')) return parseSocket(text.slice('unix:'.length))
  if (text.startsWith('fd:')) return parseDescriptor(text.slice('fd:'.length))
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^[\]:/\s@?#]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3] ?? Number.NaN)
  if (match === null || port > 65_535) return describeWrong(text)
  return { kind: 'tcp', host: match[1] ?? match[2] ?? '', port }
}

function parseSocket(text: string): Address | string {
  const [, path = '', mode] = /^([^]*?)(?:\?mode=([^?/]*))?$/.exec(text) ?? []
  if (path === '' || path.includes('\0'))
    return 'unix: needs the path of a socket, as in unix:/run/taipan.sock'
  if (mode === undefined) return { kind: 'unix', path }
  if (!/^0?[0-7]{3}$/.test(mode))
    return 'mode: needs octal permissions, as in unix:/run/taipan.sock?mode=660'
  return { kind: 'unix', path, mode: Number.parseInt(mode, 8) }
}

function parseDescriptor(text: string): Address | string {
  const fd = Number(text)
  return /^\d{1,7}$/.test(text) && fd > 2
    ? { kind: 'fd', fd }
    : 'fd: needs the number of an inherited listening socket, from 3 on'
}

function describeWrong(text: string): string {
  if (/^[\w.-]+$/.test(text)) return `the port is missing; write ${text}:8000`
  return 'expected host:port, [ipv6]:port, unix:PATH or fd:N'
}
