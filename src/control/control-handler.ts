import type { Exchange, Handler, RequestHead } from '../core/exchange.ts'
import type { Logger } from '../core/logger.ts'
import { createAdmission, type AdmissionOptions } from './admission.ts'
import { refuse, sendAnswer, type ControlAnswer } from './answer.ts'
import type { Controlled } from './controlled.ts'
import type { Endpoint } from './endpoint.ts'
import { describeFailure } from './endpoints.ts'
import { readJson } from './read-json.ts'

/** Parts of a control handler. */
export interface ControlOptions extends AdmissionOptions {
  readonly server: Controlled
  readonly endpoints: readonly Endpoint[]
  readonly logger: Logger
}

/** Answers those who control a server. */
export function createControlHandler(options: ControlOptions): Handler {
  const admit = createAdmission(options)
  const paths = groupByPath(options.endpoints)
  return (exchange) => {
    const refusal = admit(exchange.request)
    const found = refusal ?? findEndpoint(paths, exchange.request)
    if ('run' in found) void answer(exchange, found, options)
    else sendAnswer(exchange, found)
  }
}

type Paths = ReadonlyMap<string, readonly Endpoint[]>

function groupByPath(endpoints: readonly Endpoint[]): Paths {
  const paths = new Map<string, Endpoint[]>()
  for (const endpoint of endpoints) {
    const known = paths.get(endpoint.path)
    if (known === undefined) paths.set(endpoint.path, [endpoint])
    else known.push(endpoint)
  }
  return paths
}

function findEndpoint(paths: Paths, { method, path }: RequestHead): Endpoint | ControlAnswer {
  const here = paths.get(path)
  if (here === undefined)
    return refuse(404, `there is nothing at ${path}; there are ${[...paths.keys()].join(', ')}`)
  const wanted = method === 'HEAD' ? 'GET' : method
  const endpoint = here.find((one) => one.method === wanted)
  if (endpoint !== undefined) return endpoint
  const allowed = here.flatMap((one) => (one.method === 'GET' ? ['GET', 'HEAD'] : [one.method]))
  return refuse(405, `${path} takes ${allowed.join(', ')}`, ['Allow', allowed.join(', ')])
}

async function answer(
  exchange: Exchange,
  { method, path, run }: Endpoint,
  { server, logger }: ControlOptions,
): Promise<void> {
  try {
    const read = await readJson(exchange.body)
    if ('problem' in read) {
      sendAnswer(exchange, refuse(read.problem.status, read.problem.message))
      return
    }
    if (method !== 'GET') logger.info({ path }, `control: ${method} ${path}`)
    sendAnswer(exchange, await run(server, read.value))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    logger.error({ path }, `control: ${method} ${path}: ${reason}`)
    sendAnswer(exchange, describeFailure(error))
  }
}
