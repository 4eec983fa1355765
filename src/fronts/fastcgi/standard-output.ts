import { formatEnd, type EndBody } from '../../wire/fastcgi/bodies.ts'
import { formatRecord, formatRecordHeader, RecordType } from '../../wire/fastcgi/records.ts'
import type { ResponseOutbox } from '../doors/response-outbox.ts'

/** Content of a whole record that needs no padding. */
const PIECE_BYTES = 0xfff8
/** Content that is rather copied than written apart. */
const COPIED_BYTES = 4096

/** Writes bytes, or latin-1 text, as STDOUT of a request. */
export function writeStdout(outbox: ResponseOutbox, id: number, data: Uint8Array | string): void {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES)
    if (piece.length <= COPIED_BYTES) outbox.write(formatRecord(RecordType.STDOUT, id, piece))
    else {
      outbox.write(formatRecordHeader({ type: RecordType.STDOUT, id, length: piece.length }))
      outbox.write(piece)
    }
  }
}

/** Writes the end of STDOUT and of the request. */
export function writeResponseEnd(outbox: ResponseOutbox, id: number): void {
  outbox.write(formatRecord(RecordType.STDOUT, id))
  writeRequestEnd(outbox, id, { appStatus: 0, protocolStatus: 0 })
}

/** Writes the end of a request. */
export function writeRequestEnd(outbox: ResponseOutbox, id: number, end: EndBody): void {
  outbox.write(formatRecord(RecordType.END_REQUEST, id, formatEnd(end)))
  outbox.flush()
}
