import { formatCount } from '../../core/format-count.ts'
import type { Logger } from '../../core/logger.ts'
import type { WorkerStacks } from '../../core/stacks.ts'

/** A worker whose time is over. */
export interface EndedWorker {
  /** `group/pid`. */
  readonly label: string
  askStacks(): Promise<WorkerStacks>
}

/** Logs the requests of a worker that have not finished in the time for them, with their stacks. */
export async function reportLeft(worker: EndedWorker, logger: Logger): Promise<void> {
  const { stacks } = await worker.askStacks()
  const left = stacks.flatMap(({ request, stack }) =>
    request === undefined ? [] : [{ request, stack }],
  )
  if (left.length === 0) return
  const requests = left.map(({ request }) => request)
  const known = left.map(({ stack }) => stack).filter((stack) => stack !== '')
  const traceback = known.length === 0 ? {} : { traceback: known.join('\n\n') }
  logger.warn(
    { worker: worker.label, requests, ...traceback },
    `worker ${worker.label} is ended with ${formatCount(left.length, 'request')} that did not finish in time`,
  )
}
