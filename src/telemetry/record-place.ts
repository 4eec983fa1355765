import { createSocket } from 'node:dgram'
import { closeSync, existsSync } from 'node:fs'
import { isIP } from 'node:net'

import { TaipanError } from '../core/errors.ts'
import type { LogFields } from '../core/logger.ts'
import { loadSystemFfi } from '../native/system-ffi.ts'
import { DatagramQueue, type SendDatagram } from './datagram-queue.ts'
import { formatJournalRecord } from './journal-record.ts'
import type { LogPlace, RemoteSyslog } from './log-place.ts'
import type { RecordLevel } from './pretty.ts'
import { formatLocalSyslog, formatRemoteSyslog } from './syslog-record.ts'

/** A place that takes records with their fields instead of lines. */
export interface RecordDestination {
  record(level: RecordLevel, fields: LogFields, message: string): void
  /** Sends what its receiver takes before it returns. */
  flush(): void
  /** Resolves when nothing of it is left. */
  close(): Promise<void>
}

/** Where records go that are no lines. */
export type RecordPlace = Exclude<LogPlace, { readonly kind: 'descriptor' }>

const EAGAIN = 11
const ENOBUFS = 105

/** Opens journald or a syslog. Rejects with `CONFIG_INVALID` if there is none, or `NATIVE_CALLS`. */
export async function openRecordPlace(place: RecordPlace): Promise<RecordDestination> {
  if (place.kind === 'remote-syslog') return openRemote(place)
  const { send, close } = await openLocal(place.path)
  const destination: RecordDestination = {
    record: (level, fields, message) => queue.add(format(level, fields, message)),
    flush: () => queue.flush(),
    close: async () => close(),
  }
  const queue = new DatagramQueue(send, tellDropped(destination))
  const format = chooseFormat(place)
  return destination
}

type Format = (level: RecordLevel, fields: LogFields, message: string) => Uint8Array

function chooseFormat(place: Exclude<RecordPlace, RemoteSyslog>): Format {
  if (place.kind === 'journald') return formatJournalRecord
  const { facility } = place
  return (level, fields, message) => formatLocalSyslog({ facility, level, fields, message })
}

async function openLocal(path: string): Promise<{ send: SendDatagram; close: () => void }> {
  if (!existsSync(path))
    throw new TaipanError(
      'CONFIG_INVALID',
      `log.to: nothing receives log records at ${path} on this machine; use stdout, or name the socket of the receiver, as in syslog:/dev/log`,
    )
  const ffi = await loadSystemFfi()
  const socket = ffi.openDatagramSocket()
  return {
    send: (bytes) => {
      const error = ffi.sendDatagram(socket, path, bytes)
      return error !== EAGAIN && error !== ENOBUFS
    },
    close: () => closeSync(socket),
  }
}

/** UDP tells of no receiver and keeps nothing. */
function openRemote({ facility, host, port }: RemoteSyslog): RecordDestination {
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4')
  socket.unref()
  socket.on('error', () => {})
  return {
    record: (level, fields, message) =>
      socket.send(formatRemoteSyslog({ facility, level, fields, message }), port, host, () => {}),
    flush: () => {},
    close: () =>
      new Promise((resolve) => {
        socket.close(() => resolve())
      }),
  }
}

function tellDropped(destination: RecordDestination): (count: number) => void {
  return (dropped) =>
    destination.record(
      'warn',
      { dropped },
      'log records were dropped because their receiver is too slow',
    )
}
