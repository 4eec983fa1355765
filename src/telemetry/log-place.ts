import { TaipanError } from '../core/errors.ts'

/** Facilities of syslog (RFC 5424, table 1) that programs may use. */
const FACILITIES: Readonly<Record<string, number>> = {
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  cron: 9,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
}
const USUAL_FACILITY = 'daemon'
const JOURNAL_SOCKET = '/run/systemd/journal/socket'
const USUAL_SOCKET = '/dev/log'
const USUAL_PORT = 514

/** Where log records go. */
export type LogPlace =
  | { readonly kind: 'descriptor'; readonly descriptor: 1 | 2 }
  /** The native socket of systemd-journald, which takes the fields of records as they are. */
  | { readonly kind: 'journald'; readonly path: string }
  | LocalSyslog
  | RemoteSyslog

/** The socket of the syslog of this machine. */
export interface LocalSyslog {
  readonly kind: 'syslog'
  readonly facility: number
  readonly path: string
}

/** A syslog of the network, by UDP (RFC 5426). */
export interface RemoteSyslog {
  readonly kind: 'remote-syslog'
  readonly facility: number
  readonly host: string
  readonly port: number
}

/**
 * Parses `stdout`, `stderr`, `journald`, `journald:PATH`, `syslog`, `syslog:/dev/log` or `syslog://host:514`, the last
 * three with `?facility=local0` behind them. Throws `CONFIG_INVALID` with what was expected.
 */
export function parseLogPlace(text: string): LogPlace {
  if (text === 'stdout') return { kind: 'descriptor', descriptor: 1 }
  if (text === 'stderr') return { kind: 'descriptor', descriptor: 2 }
  const [, journal] = /^journald(|:\/.*)$/.exec(text) ?? []
  if (journal !== undefined) return { kind: 'journald', path: journal.slice(1) || JOURNAL_SOCKET }
  const [, rest, query] = /^syslog(|:\/\/[^/?]+|:\/[^?]*)(?:\?(.*))?$/.exec(text) ?? []
  if (rest === undefined) throw expected()
  const facility = parseFacility(query)
  if (!rest.startsWith('://'))
    return { kind: 'syslog', facility, path: rest === '' ? USUAL_SOCKET : rest.slice(1) }
  const [, inner, plain, port = String(USUAL_PORT)] =
    /^:\/\/(?:\[([\da-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i.exec(rest) ?? []
  const host = inner ?? plain
  if (host === undefined || Number(port) === 0 || Number(port) > 65_535) throw expected()
  return { kind: 'remote-syslog', facility, host, port: Number(port) }
}

function parseFacility(query: string | undefined): number {
  const name = query === undefined ? USUAL_FACILITY : /^facility=(\w+)$/.exec(query)?.[1]
  const facility = name === undefined ? undefined : FACILITIES[name]
  if (facility !== undefined) return facility
  throw new TaipanError(
    'CONFIG_INVALID',
    `"?facility=" and one of ${Object.keys(FACILITIES).join(', ')}`,
  )
}

function expected(): TaipanError {
  return new TaipanError(
    'CONFIG_INVALID',
    '"stdout", "stderr", "journald", "syslog", "syslog:/dev/log" or "syslog://host:514"',
  )
}
