import type { Backend } from '../../core/backend.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { GroupContext } from '../group/group-backend.ts'
import { GroupBackend } from '../group/group-backend.ts'
import { createHostSource, type StartHost } from '../group/host.ts'
import { openHost, spawnWorker } from './spawn.ts'

/** Makes a backend that runs Python in worker processes. */
export function createDaemonBackend(group: ProcessGroup, context: GroupContext): Backend {
  const { startProcess } = context
  const start: StartHost =
    startProcess === undefined ? spawnWorker : async (one) => openHost(await startProcess(one))
  return new GroupBackend(group, context, createHostSource(start))
}
