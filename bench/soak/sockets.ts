import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'

const AT_ONCE = 50
const DEADLINE = 10_000

/** Opens WebSockets, a few at a time, sends a message through each, and closes it. Resolves with the number of failures. */
export async function churnSockets(url: string, count: number): Promise<number> {
  let begun = 0
  let failed = 0
  const work = async (): Promise<void> => {
    while (begun < count) {
      begun += 1
      if (!(await echoOnce(url, `message ${begun}`))) failed += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return failed
}

async function echoOnce(url: string, text: string): Promise<boolean> {
  const socket = new WebSocket(url, { handshakeTimeout: DEADLINE, perMessageDeflate: false })
  const echoed = new Promise<boolean>((resolve) => {
    let right = false
    socket.once('open', () => socket.send(text))
    socket.once('message', (data: Buffer) => {
      right = data.toString() === text
      socket.close(1000)
    })
    socket.once('error', () => resolve(false))
    socket.once('close', (code) => resolve(right && code === 1000))
  })
  const control = new AbortController()
  const late = sleep(DEADLINE, false, { signal: control.signal }).catch(() => false)
  const result = await Promise.race([echoed, late])
  control.abort()
  if (!result) socket.terminate()
  return result
}
