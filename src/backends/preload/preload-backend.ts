import type { Backend } from '../../core/backend.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import { GroupBackend, type GroupContext } from '../group/group-backend.ts'
import { Templates } from './templates.ts'

/** Makes a backend whose worker processes are forked from a template. */
export function createPreloadBackend(group: ProcessGroup, context: GroupContext): Backend {
  return new GroupBackend(group, context, new Templates(group, context))
}
