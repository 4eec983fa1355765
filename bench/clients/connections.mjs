import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const AT_ONCE = 100
const DEADLINE = 20_000

/**
 * Opens connections to a loopback port in small groups; `greet(socket, index)` returns what each one sends first.
 * Prints a line when all are open (or refused), and a report at the end of the standard input.
 */
export async function keepConnections(port, count, greet) {
  const sockets = new Set()
  let opened = 0
  const limit = Date.now() + DEADLINE
  for (let index = 0; index < count && Date.now() < limit; index += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - index) }, (_, offset) =>
      open(port, sockets, (socket) => greet(socket, index + offset)),
    )
    const results = await Promise.race([Promise.all(group), sleep(limit - Date.now(), [])])
    opened += results.filter(Boolean).length
  }
  process.stdout.write('ready\n')
  process.stdin.resume().once('end', () => {
    process.stdout.write(`${JSON.stringify({ opened, held: sockets.size })}\n`, () =>
      process.exit(),
    )
  })
  return sockets
}

async function open(port, sockets, greet) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  socket.once('close', () => sockets.delete(socket))
  const connected = await new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('close', () => resolve(false))
  })
  if (!connected) return false
  sockets.add(socket)
  await greet(socket)
  return true
}
