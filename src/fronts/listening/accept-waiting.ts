import { setImmediate as nextTurn } from 'node:timers/promises'

// As long as the queue of a listening socket, in which the system lets clients wait.
const MOST_TURNS = 1024

/**
 * Lets Node accept the clients that wait in the queues of the listening sockets. `countAccepted` counts those that it has
 * accepted. Resolves after a turn of the event loop in which nobody came, or after as many as a queue is long.
 */
export async function acceptWaiting(countAccepted: () => number): Promise<void> {
  // The rest of this turn may accept nothing more. libuv accepts one client from a socket in each turn.
  await nextTurn()
  let before = -1
  for (let turns = 0; turns < MOST_TURNS && countAccepted() !== before; turns += 1) {
    before = countAccepted()
    await nextTurn()
  }
}
