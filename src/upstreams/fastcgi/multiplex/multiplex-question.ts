import type { ByteStream } from '../../../core/byte-stream.ts'
import { connectNet, type ConnectPlace } from '../../../streams/net/net-connector.ts'
import { formatPairs, parsePairs } from '../../../wire/fastcgi/pairs.ts'
import { formatRecord, RecordDecoder, RecordType } from '../../../wire/fastcgi/records.ts'

const QUESTION = formatRecord(
  RecordType.GET_VALUES,
  0,
  formatPairs(['FCGI_MAX_REQS', '', 'FCGI_MPXS_CONNS', '']),
)
/** Many applications do not answer at all. */
const PATIENCE_MS = 2000
/** What an application takes that names no number. */
const USUAL_REQUESTS = 100

/**
 * Asks an application by a connection of its own whether it takes several requests at a time on a connection (FastCGI 1.0, 4.1).
 * Resolves with the most requests in total, 0 if it does not.
 */
export function askForMultiplexing(place: ConnectPlace): Promise<number> {
  return new Promise((resolve) => {
    let stream: ByteStream | undefined
    const finish = (most: number): void => {
      clearTimeout(timer)
      connecting.cancel()
      stream?.destroy()
      resolve(most)
    }
    const timer = setTimeout(() => finish(0), PATIENCE_MS).unref()
    const connecting = connectNet(place, {
      onConnected(opened) {
        stream = opened
        listen(opened, finish)
        opened.write(QUESTION)
      },
      onFailed: () => finish(0),
    })
  })
}

function listen(stream: ByteStream, onAnswer: (most: number) => void): void {
  const decoder = new RecordDecoder(
    {
      onRecord({ type, id }, chunk, start, end) {
        if (type === RecordType.GET_VALUES_RESULT && id === 0)
          onAnswer(readAnswer(parsePairs(chunk.subarray(start, end), 'UPSTREAM_FAILED')))
      },
    },
    'UPSTREAM_FAILED',
  )
  stream.onClose(() => onAnswer(0))
  stream.listener = {
    onData(chunk) {
      try {
        decoder.push(chunk)
      } catch {
        onAnswer(0)
      }
    },
    onEnd: () => onAnswer(0),
    onTaken: () => {},
  }
}

function readAnswer(pairs: readonly string[]): number {
  const values = new Map<string, string>()
  for (let at = 0; at < pairs.length; at += 2) values.set(pairs[at] ?? '', pairs[at + 1] ?? '')
  if (values.get('FCGI_MPXS_CONNS') !== '1') return 0
  const most = values.get('FCGI_MAX_REQS') ?? ''
  return /^\d{1,9}$/.test(most) ? Number(most) : USUAL_REQUESTS
}
