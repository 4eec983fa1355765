import { TaipanError } from '../../core/errors.ts'

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
const MAX_PORT = 65_535

/** Completes a port without host: `8000` means this machine only, as for `runserver`; `:8000` and `*:8000` mean every interface. */
export function expandAddress(text: string): string | undefined {
  const [, host, port] = /^(:|\*:)?(\d{1,5})$/.exec(text) ?? []
  if (port === undefined) return undefined
  return `${host === undefined ? '127.0.0.1' : ANY_HOST}:${port}`
}

/** Whether a text is the number of a port. */
export function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= MAX_PORT
}

/** The error for a port that is none. */
export function createPortError(source: string, text: string): TaipanError {
  const found = JSON.stringify(text)
  return new TaipanError(
    'USAGE',
    `${source}: expected a port from 0 to ${MAX_PORT}, found ${found}`,
  )
}

/** Parses `host:port`, `[ipv6]:port`, `unix:PATH`, `unix:PATH?mode=660` or `fd:N`; returns a message if the text is invalid. */
export function parseAddress(text: string): Address | string {
  if (text.startsWith('unix:')) return parseSocket(text.slice('unix:'.length))
  if (text.startsWith('fd:')) return parseDescriptor(text.slice('fd:'.length))
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^[\]:/\s@?#]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3] ?? Number.NaN)
  if (match === null || port > MAX_PORT) return describeWrong(text)
  return { kind: 'tcp', host: match[1] ?? match[2] ?? '', port }
}

function parseSocket(text: string): Address | string {
  const [, path = '', mode] = /^([^]*?)(?:\?mode=([^?/]*))?$/.exec(text) ?? []
  if (path === '' || path.includes('\0'))
    return 'unix: needs the path of a socket, as in unix:/run/taipan.sock'
  const [, unknown] = /\?([\w-]+)=[^/]*$/.exec(path) ?? []
  if (unknown !== undefined) return `unix: knows ?mode= only, found ?${unknown}=`
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
  const [, port] = /^(?:.*:)?(\d+)$/.exec(text) ?? []
  if (port !== undefined && !isPort(port)) return `ports end at ${MAX_PORT}`
  const [, host] = /^https?:\/\/([^/]+)\/?$/i.exec(text) ?? []
  if (host !== undefined) return `write it without the scheme: ${host}`
  if (/^[^:]*\/|^[^:]*\.sock$/.test(text)) return `for a socket write unix:${text}`
  if (/^[\w.-]+$|^\[[\da-f:.]+\]$/i.test(text)) return `the port is missing; write ${text}:8000`
  if (/^[\da-f.]*:[\da-f.]*:[\da-f:.]*$/i.test(text))
    return 'IPv6 addresses have brackets and a port, as in [::1]:8000'
  return 'expected host:port, [ipv6]:port, unix:PATH or fd:N'
}
