import { setTimeout as delay } from 'node:timers/promises'
import { DEADLINE } from './deadlines.ts'
import { fetchRaw } from './raw-client.ts'

/** On a new connection. */
export async function ask(url: string, target = '/'): Promise<string> {
  const { status, text } = await fetchRaw(url, target)
  return `${status} ${text}`
}

/** Asks all the time, on new connections and on one that is kept; `stop` returns what was answered. */
export function load(url: string, target = '/'): { stop(): Promise<readonly string[]> } {
  const answers: string[] = []
  const state = { stopped: false }
  const run = async (question: () => Promise<string>): Promise<void> => {
    while (!state.stopped) {
      answers.push(await question().catch((error: unknown) => `lost: ${String(error)}`))
      await delay(1)
    }
  }
  const keep = async (): Promise<string> => {
    const response = await fetch(new URL(target, url), { signal: AbortSignal.timeout(DEADLINE) })
    return `${response.status} ${await response.text()}`
  }
  // A connection may be closed while nothing is asked on it; clients ask again then (RFC 9112, 9.3.1).
  const runs = [
    run(() => ask(url, target)),
    run(() => ask(url, target)),
    run(() => keep().catch(keep)),
  ]
  return {
    async stop() {
      state.stopped = true
      await Promise.all(runs)
      return answers
    },
  }
}
