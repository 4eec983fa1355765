import type { Demands, ProcessGroup } from '../core/process-group.ts'

/** A process group, with what the parent process needs to know. */
export type ReplicaGroup = Pick<
  ProcessGroup,
  | 'name'
  | 'engine'
  | 'threads'
  | 'queue'
  | 'applications'
  | 'environment'
  | 'timeouts'
  | 'gracefulTimeout'
  | 'evictionTimeout'
  | 'demands'
  | 'dev'
>

/** The plan of a replica, with what the parent process needs to know. */
export interface ReplicaPlan {
  readonly groups: readonly { readonly group: ReplicaGroup }[]
  readonly directory: string
  readonly environment: NodeJS.ProcessEnv
  readonly timeouts: { readonly shutdown: number }
}

/** What a replica has to load, by the names of the groups. */
export type GroupDemands = ReadonlyMap<string, Demands>
