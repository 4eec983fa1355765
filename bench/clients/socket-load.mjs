import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'

const [port, count, seconds, message] = process.argv.slice(2)
const OPENING =
  `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: '
const frame = createFrame(Buffer.from(message))
/** Size of an echo, which is not masked; its length fits into one byte. */
const echoSize = 2 + message.length
const result = { connect: 0, read: 0, write: 0, status: 0, timeout: 0, requests: 0, bytes: 0 }
const latencies = []

/** A text frame of at most 125 bytes; RFC 6455, 5.3 requires a mask, here zeros. */
function createFrame(text) {
  if (text.length > 125) throw new Error(`a message of ${text.length} bytes is too long`)
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text])
}

async function open() {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true })
  const head = await new Promise((resolve) => {
    socket.once('error', () => resolve('')).once('close', () => resolve(''))
    socket.once('data', (bytes) => resolve(bytes.toString('latin1')))
    socket.write(`${OPENING}${randomBytes(16).toString('base64')}\r\n\r\n`)
  })
  if (head === '') result.connect += 1
  else if (!/^HTTP\/1\.1 101 [^]*\r\n\r\n$/.test(head)) result.status += 1
  else return socket.removeAllListeners()
  socket.destroy()
  return undefined
}

function talk(socket) {
  let waiting = echoSize
  let sentAt = performance.now()
  socket.on('error', () => (result.read += 1))
  socket.on('close', () => (result.read += over ? 0 : 1))
  socket.on('data', (bytes) => {
    result.bytes += bytes.length
    waiting -= bytes.length
    if (waiting > 0) return
    waiting = echoSize
    const now = performance.now()
    result.requests += 1
    latencies.push((now - sentAt) * 1000)
    sentAt = now
    socket.write(frame)
  })
  socket.write(frame)
}

let over = false
const sockets = (await Promise.all(Array.from({ length: Number(count) }, open))).filter(Boolean)
const begun = performance.now()
for (const socket of sockets) talk(socket)
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000))
over = true
const elapsed = (performance.now() - begun) / 1000
latencies.sort((a, b) => a - b)
const percentile = (share) => latencies[Math.floor(latencies.length * share)] ?? 0
const report = { ...result, seconds: elapsed, p50: percentile(0.5), p99: percentile(0.99) }
process.stdout.write(`RESULT ${JSON.stringify(report)}\n`, () => process.exit())
