import type { ProcessGroup } from '../../core/process-group.ts'
import type { ConfigureMessage } from './control-channel.ts'

/** What a worker has to serve. */
export interface WorkerTask {
  readonly group: ProcessGroup
  /** Applications that it must serve, by name. */
  readonly required: readonly string[]
  readonly serverSoftware: string
}

/** The first message to a worker. */
export function createConfigureMessage({
  group,
  required,
  serverSoftware,
}: WorkerTask): ConfigureMessage {
  return {
    ...group.workerOptions,
    type: 'configure',
    multithread: group.threads > 1,
    multiprocess: group.multiprocess,
    serverSoftware,
    argv: group.argv,
    searchPath: group.searchPath,
    applications: group.applications,
    required,
  }
}
