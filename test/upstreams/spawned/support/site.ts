import { serve, type Server, type TaipanConfig } from '../../../../src/index.ts'
import { DEADLINE } from '../../../support/deadlines.ts'
import { FIXTURES } from '../../../support/peers/python.ts'

type Route = NonNullable<TaipanConfig['routes']>[number]
type Upstream = Exclude<NonNullable<Route['upstream']>, string>

/** A server with a spawned program at `/m`. */
export async function serveProgram(upstream: Upstream, options: TaipanConfig = {}) {
  const env = { PYTHONDONTWRITEBYTECODE: '1', ...upstream.env }
  const server = await serve({
    routes: [{ path: '/m', upstream: { directory: FIXTURES, ...upstream, env } }],
    bind: '127.0.0.1:0',
    log: { level: 'silent' },
    ...options,
  })
  return { ...createClient(server), server, [Symbol.asyncDispose]: () => server.stop() }
}

function createClient({ urls: [url = ''] }: Server) {
  const ask = (path: string, options: RequestInit = {}): Promise<Response> =>
    fetch(`${url}/m${path}`, { signal: AbortSignal.timeout(DEADLINE), ...options })
  return {
    ask,
    /** The pid of the process that has answered. */
    async findPid(): Promise<number> {
      const told: unknown = await (await ask('/echo')).json()
      return typeof told === 'object' && told !== null && 'pid' in told ? Number(told.pid) : 0
    },
  }
}

/** Asks again and again with several clients until it is ended; counts the answers by their status, and failures as 0. */
export function startLoad(ask: () => Promise<Response>, clients: number) {
  const counts = new Map<number, number>()
  const over = new AbortController()
  const work = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const status = await askOnce(ask)
      counts.set(status, (counts.get(status) ?? 0) + 1)
    }
  }
  const done = Promise.all(Array.from({ length: clients }, work))
  return {
    counts,
    async end(): Promise<Readonly<Record<string, number>>> {
      over.abort()
      await done
      return Object.fromEntries(counts)
    },
  }
}

async function askOnce(ask: () => Promise<Response>): Promise<number> {
  try {
    const response = await ask()
    await response.arrayBuffer()
    return response.status
  } catch {
    return 0
  }
}
