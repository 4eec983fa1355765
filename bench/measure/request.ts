import { once } from 'node:events'
import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { connect } from 'node:net'
import { WebSocket } from 'ws'

/** Status and size of a response, and the start of its body. */
export interface Answer {
  readonly status: number
  readonly size: number
  readonly beginning: string
}

const BEGINNING = 4096

/** Sends one request on a new connection, and trusts any certificate; a POST if there is a body. */
export async function sendRequest(url: string, body: Buffer | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? requestSecure : requestPlain
    const outgoing = request(url, {
      agent: false,
      rejectUnauthorized: false,
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? {} : { 'Content-Length': body.length },
      signal: AbortSignal.timeout(10_000),
    })
    outgoing.once('error', reject)
    outgoing.once('response', (response) => {
      let size = 0
      let beginning = ''
      response.on('data', (piece: Buffer) => {
        size += piece.length
        if (beginning.length < BEGINNING) beginning += piece.toString('latin1', 0, BEGINNING)
      })
      response.once('error', reject)
      response.once('end', () => resolve({ status: response.statusCode ?? 0, size, beginning }))
    })
    outgoing.end(body)
  })
}

/** Opens a WebSocket, sends a text and checks that it comes back. */
export async function checkEcho(url: string, text: string): Promise<void> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { handshakeTimeout: 10_000 })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('close', () => reject(new Error('the socket was closed')))
      socket.once('open', () => socket.send(text))
      socket.once('message', (data: Buffer) => {
        if (data.toString() === text) resolve()
        else reject(new Error(`echoed ${data.toString().slice(0, 200)}`))
      })
    })
  } finally {
    socket.terminate()
  }
}

/** Opens a connection and closes it. Rejects if nobody listens. */
export async function checkListens(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}
