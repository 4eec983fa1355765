import type { ProcessGroup } from '../core/process-group.ts'

/** A process group, with what the parent process needs to know. */
export type ReplicaGroup = Pick<
  ProcessGroup,
  'name' | 'engine' | 'applications' | 'environment' | 'timeouts'
>

/** The plan of a replica, with what the parent process needs to know. */
export interface ReplicaPlan {
  readonly groups: readonly { readonly group: ReplicaGroup }[]
  readonly directory: string
  readonly environment: NodeJS.ProcessEnv
  readonly timeouts: { readonly shutdown: number }
}

/** Applications of a group that a replica must serve, by name. */
export type ListRequired = (group: ReplicaGroup) => readonly string[]
