import type { Environment } from './environment.ts'

/** The first descriptor that systemd hands over. */
const FIRST_SOCKET = 3

/** A socket that systemd has opened for this process. */
export interface HandedSocket {
  readonly fd: number
  /** `FileDescriptorName` of its unit, which several may have; empty if systemd tells none. */
  readonly name: string
}

/** The sockets of systemd for the process `pid`: `LISTEN_FDS`, `LISTEN_FDNAMES`, and `LISTEN_PID`, which says for whom they are. */
export function listHandedSockets(
  environment: Environment,
  pid: number | undefined,
): readonly HandedSocket[] {
  const count = Number(environment['LISTEN_FDS'] ?? '')
  if (!Number.isInteger(count) || count < 1 || environment['LISTEN_PID'] !== String(pid)) return []
  const names = environment['LISTEN_FDNAMES']?.split(':') ?? []
  return Array.from({ length: count }, (_, index) => ({
    fd: FIRST_SOCKET + index,
    name: names[index] ?? '',
  }))
}

/**
 * The addresses of the sockets that `fd:NAME` is for, by their numbers, with whatever stands around it; one message if there
 * are none. Any other address is left as it is.
 */
export function expandDescriptorName(
  text: string,
  sockets: readonly HandedSocket[],
): readonly string[] | string {
  const [, before = '', name = '', after = ''] = /^((?:\w+\+)?fd:)([^?]*)(\?.*)?$/s.exec(text) ?? []
  if (name === '' || /^\d+$/.test(name)) return [text]
  const found = sockets.filter((socket) => socket.name === name)
  if (found.length > 0) return found.map(({ fd }) => `${before}${fd}${after}`)
  const reason = `fd: needs the number of an inherited listening socket, or the name of one that systemd hands over (FileDescriptorName=${name})`
  const names = [...new Set(sockets.map((socket) => socket.name).filter(Boolean))]
  if (sockets.length === 0) return `${reason}, and systemd has handed over none to this process`
  if (names.length === 0) return `${reason}, and those that it has handed over have no names`
  return `${reason}, and those that it has handed over are ${names.join(', ')}`
}
