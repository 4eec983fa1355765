import type { Demands, ProcessGroup } from '../../core/process-group.ts'
import { viewFrom } from '../../core/path-below.ts'
import type { ConfigureMessage } from './control-channel.ts'

/** What a worker has to serve. */
export interface WorkerTask {
  readonly group: ProcessGroup
  readonly demands: Demands
  readonly serverSoftware: string
}

/** The first message to a worker. */
export function createConfigureMessage(task: WorkerTask): ConfigureMessage {
  const root = task.group.confinement?.chroot
  const message = createMessage(task)
  return root === undefined ? message : viewPaths(message, root)
}

/** A copy with the paths as a worker sees them whose root is `root`. */
function viewPaths<T>(value: T, root: string): T {
  const view = (_key: string, one: unknown) => (typeof one === 'string' ? viewFrom(root, one) : one)
  const copy: T = JSON.parse(JSON.stringify(value), view)
  return copy
}

function createMessage({ group, demands, serverSoftware }: WorkerTask): ConfigureMessage {
  return {
    ...group.workerOptions,
    type: 'configure',
    isolation: group.isolation,
    multithread: group.threads > 1 && group.isolation === 'shared',
    multiprocess: group.multiprocess,
    mainThread: group.mainThread,
    processes: group.processes,
    serverSoftware,
    argv: group.argv,
    searchPath: group.searchPath,
    applications: group.applications,
    ...(group.service && { service: group.service }),
    ...demands,
    group: group.name,
    loadsChanges: loadsChanges(group),
  }
}

/** While an application is developed its newest code is wanted at once; and in a process that nobody replaces there is no other one to load it. */
function loadsChanges({ dev, engine, retries }: ProcessGroup): boolean {
  return dev || (engine === 'embedded' && retries)
}
