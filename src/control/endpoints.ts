import { TaipanError } from '../core/errors.ts'
import { refuse, type ControlAnswer, type ErrorBody } from './answer.ts'
import type { Endpoint } from './endpoint.ts'
import {
  ERROR,
  HEALTH,
  MOST_PROCESSES,
  RELOADED,
  SCALE,
  SCALED,
  STACKS,
  STATUS,
  STOPPING,
} from './schemas.ts'

/** What tells whoever watches a server whether it lives, and whether it should get requests. */
export const PROBES: readonly Endpoint[] = [
  {
    path: '/health',
    method: 'GET',
    summary: 'Whether the process of the server runs.',
    answers: { 200: { description: 'It does.', schema: HEALTH } },
    run: () => Promise.resolve({ status: 200, body: { healthy: true } }),
  },
  {
    path: '/ready',
    method: 'GET',
    summary: 'Whether requests can be answered.',
    answers: {
      200: { description: 'They can.', schema: HEALTH },
      503: {
        description: 'The server is starting or stopping, or a group has no worker.',
        schema: ERROR,
      },
    },
    run: (server) =>
      Promise.resolve(
        server.ready
          ? { status: 200, body: { healthy: true } }
          : refuse(503, 'the server is starting or stopping, or a group has no worker that serves'),
      ),
  },
]

/** What can be asked and told. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    path: '/status',
    method: 'GET',
    summary: 'Processes, requests, queues and the last reload of all groups.',
    answers: { 200: { description: 'The server at this moment.', schema: STATUS } },
    run: async (server) => ({ status: 200, body: await server.status() }),
  },
  {
    path: '/stacks',
    method: 'GET',
    summary: 'The Python stack of every busy thread and task, with its request.',
    answers: { 200: { description: 'What each worker does.', schema: STACKS } },
    run: async (server) => ({ status: 200, body: { workers: await server.stacks() } }),
  },
  ...PROBES,
  {
    path: '/reload',
    method: 'POST',
    summary: 'Loads the applications, and a changed configuration file, anew.',
    answers: {
      200: { description: 'The new generation serves.', schema: RELOADED },
      409: { description: 'The server is starting or stopping.', schema: ERROR },
      500: {
        description: 'It could not be loaded, and what served before still does.',
        schema: ERROR,
      },
    },
    run: async (server) => {
      const begun = performance.now()
      await server.reload()
      return { status: 200, body: { reloaded: true, took: Math.round(performance.now() - begun) } }
    },
  },
  {
    path: '/scale',
    method: 'POST',
    summary: 'Changes the number of processes of a group.',
    input: SCALE,
    answers: {
      200: { description: 'The group has that many processes, or will have soon.', schema: SCALED },
      400: { description: 'The body names no group, or no number.', schema: ERROR },
      404: { description: 'There is no such group.', schema: ERROR },
      409: { description: 'The group cannot have another number.', schema: ERROR },
    },
    run: (server, input) => Promise.resolve(scale(server, input)),
  },
  {
    path: '/stop',
    method: 'POST',
    summary: 'Stops the server gracefully.',
    answers: { 202: { description: 'The stop has begun.', schema: STOPPING } },
    run: (server) => {
      // The answer leaves first.
      setImmediate(() => server.askToStop())
      return Promise.resolve({ status: 202, body: { stopping: true } })
    },
  },
]

function scale(server: Parameters<Endpoint['run']>[0], input: unknown): ControlAnswer {
  const group: unknown = Reflect.get(Object(input), 'group')
  const processes: unknown = Reflect.get(Object(input), 'processes')
  if (typeof group !== 'string') return refuse(400, 'group: expected the name of a group')
  if (
    typeof processes !== 'number' ||
    !Number.isInteger(processes) ||
    processes < 0 ||
    processes > MOST_PROCESSES
  )
    return refuse(
      400,
      `processes: expected a whole number from 0 to ${MOST_PROCESSES}, found ${JSON.stringify(processes)}`,
    )
  return { status: 200, body: server.scale(group, processes) }
}

/** The answer when something failed. */
export function describeFailure(error: unknown): ControlAnswer {
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  const code = error instanceof TaipanError ? error.code : 'INTERNAL'
  const traceback = typeof cause === 'string' && cause !== message ? { traceback: cause } : {}
  const body: ErrorBody = { error: { code, message, ...traceback } }
  return { status: STATUSES[code] ?? 500, body }
}

/** Of errors that are none of the server's. */
const STATUSES: Readonly<Record<string, number>> = { NOT_FOUND: 404, STOPPING: 409, USAGE: 409 }
