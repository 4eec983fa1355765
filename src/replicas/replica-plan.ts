import type { ProcessGroup } from '../core/process-group.ts'

/** A process group, as far as whoever keeps replicas has to know it. */
export type ReplicaGroup = Pick<
  ProcessGroup,
  'name' | 'engine' | 'applications' | 'environment' | 'timeouts'
>

/** What a replica carries out, as far as whoever keeps it has to know that. */
export interface ReplicaPlan {
  readonly groups: readonly { readonly group: ReplicaGroup }[]
  readonly directory: string
  readonly environment: NodeJS.ProcessEnv
  readonly timeouts: { readonly shutdown: number }
}

/** Names of applications of a group that a replica has to serve. */
export type ListRequired = (group: ReplicaGroup) => readonly string[]
