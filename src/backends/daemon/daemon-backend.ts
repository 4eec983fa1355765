import type { Backend } from '../../core/backend.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { GroupContext } from '../group/group-backend.ts'
import { GroupBackend } from '../group/group-backend.ts'
import { createHostSource } from '../group/host.ts'
import { spawnWorker } from './spawn.ts'

/** Makes a backend that runs Python in worker processes. */
export function createDaemonBackend(group: ProcessGroup, context: GroupContext): Backend {
  return new GroupBackend(group, context, createHostSource(context.startHost ?? spawnWorker))
}
