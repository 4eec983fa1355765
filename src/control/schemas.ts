import type { JsonSchema } from './endpoint.ts'

const TEXT: JsonSchema = { type: 'string' }
const COUNT: JsonSchema = { type: 'integer', minimum: 0 }
const MILLISECONDS: JsonSchema = { type: 'number', minimum: 0 }
const FLAG: JsonSchema = { type: 'boolean' }

/** An object that has all these properties, and those of `optional` maybe. */
function object(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return {
    type: 'object',
    properties: { ...properties, ...optional },
    required: Object.keys(properties),
  }
}

function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}

function refer(name: keyof typeof DEFINITIONS): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

const PROCESSES = {
  generation: {
    ...COUNT,
    description:
      'Newest generation that serves, or that has served last while there is no process; 0 before the first.',
  },
  wanted: COUNT,
  min: COUNT,
  max: COUNT,
  workers: listOf({ $ref: '#/components/schemas/Worker' }),
  restarts: { type: 'object', additionalProperties: COUNT },
  failure: { ...TEXT, description: 'Why no process serves; empty when one does.' },
  traceback: TEXT,
}
const RELOAD = { lastReload: { $ref: '#/components/schemas/Reload' } }
const REQUESTS = { $ref: '#/components/schemas/Requests' }

/** Schemas that have a name. */
export const DEFINITIONS = {
  Status: object(
    {
      version: TEXT,
      state: { type: 'string', enum: ['starting', 'running', 'stopping'] },
      pid: COUNT,
      uptime: { ...COUNT, description: 'Milliseconds.' },
      addresses: listOf(TEXT),
      exchanges: { ...COUNT, description: 'Requests so far, whatever answered them.' },
      groups: listOf({ $ref: '#/components/schemas/Group' }),
      programs: listOf({ $ref: '#/components/schemas/Program' }),
      upstreams: listOf(object({ name: TEXT, requests: REQUESTS })),
    },
    RELOAD,
  ),
  Group: object(
    {
      name: TEXT,
      engine: { type: 'string', enum: ['daemon', 'embedded'] },
      python: { ...TEXT, description: 'Version of Python; empty before the first worker.' },
      threads: COUNT,
      ...PROCESSES,
      applications: listOf(object({ name: TEXT, interface: TEXT, failure: TEXT, traceback: TEXT })),
      requests: REQUESTS,
      times: object({ count: COUNT, queued: MILLISECONDS, python: MILLISECONDS }),
      queue: object({ length: COUNT, limit: COUNT }),
    },
    RELOAD,
  ),
  Program: object({ name: TEXT, ...PROCESSES, requests: REQUESTS }, RELOAD),
  Worker: object(
    {
      pid: COUNT,
      state: { type: 'string', enum: ['starting', 'standby', 'ready', 'retiring', 'stopping'] },
      generation: COUNT,
      age: { ...COUNT, description: 'Milliseconds.' },
      served: COUNT,
      running: COUNT,
    },
    { memory: { ...COUNT, description: 'Resident bytes.' } },
  ),
  Requests: object({ running: COUNT, waiting: COUNT, finished: COUNT, failed: COUNT }),
  Reload: object({
    succeeded: FLAG,
    at: { ...COUNT, description: 'Milliseconds since 1970.' },
    took: { ...COUNT, description: 'Milliseconds.' },
    message: { ...TEXT, description: 'Why it failed; empty after a success.' },
    traceback: TEXT,
  }),
  Stacks: object({
    workers: listOf(
      object({
        group: TEXT,
        pid: COUNT,
        answered: { ...FLAG, description: 'False: it did not answer in time.' },
        stacks: listOf({ $ref: '#/components/schemas/Stack' }),
      }),
    ),
  }),
  Stack: object(
    {
      kind: { type: 'string', enum: ['thread', 'task'] },
      name: TEXT,
      stack: TEXT,
    },
    {
      request: object({
        request: TEXT,
        application: TEXT,
        method: TEXT,
        path: TEXT,
        age: COUNT,
      }),
    },
  ),
  Error: object({ error: object({ message: TEXT }, { code: TEXT, traceback: TEXT }) }),
}

export const STATUS = refer('Status')
export const STACKS = refer('Stacks')
export const ERROR = refer('Error')
export const HEALTH = object({ healthy: FLAG })
export const RELOADED = object({ reloaded: FLAG, took: COUNT })
/** Most processes that a group may be told to have, as in a configuration. */
export const MOST_PROCESSES = 512
export const SCALE = object({ group: TEXT, processes: { ...COUNT, maximum: MOST_PROCESSES } })
export const SCALED = object({ group: TEXT, processes: COUNT })
export const STOPPING = object({ stopping: FLAG })
