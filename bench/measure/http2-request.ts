import { connect } from 'node:http2'
import type { Answer } from './request.ts'

const DEADLINE = 10_000

/** Sends one GET by HTTP/2 on a new connection, and trusts any certificate. Rejects if the server does not choose HTTP/2. */
export async function sendHttp2Request(url: string): Promise<Answer> {
  const { origin, pathname } = new URL(url)
  const session = connect(origin, { rejectUnauthorized: false, ALPNProtocols: ['h2'] })
  try {
    return await new Promise((resolve, reject) => {
      session.once('error', reject)
      session.setTimeout(DEADLINE, () => reject(new Error('HTTP/2: no answer in time')))
      const stream = session.request({ ':path': pathname })
      let status = 0
      const pieces: Buffer[] = []
      stream.once('response', (head) => (status = head[':status'] ?? 0))
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.once('error', reject)
      stream.once('end', () => {
        const body = Buffer.concat(pieces)
        resolve({ status, size: body.length, beginning: body.toString('latin1') })
      })
      stream.end()
    })
  } finally {
    session.destroy()
  }
}
