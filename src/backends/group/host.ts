import type { Socket } from 'node:net'

import type { LoadingApplication } from '../../core/backend.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { Aim } from '../../processes/member.ts'
import type { ProcessHandle } from '../../processes/process-handle.ts'
import type { Carrier } from '../link/carrier.ts'
import type { WorkerTask } from './configure.ts'
import type { LoadFailure } from './load-failure.ts'

/** Where a worker runs, in its own process or in this one, with Node's ends of its connections. */
export interface WorkerHost extends ProcessHandle {
  readonly control: Socket
  /** One socket for each thread. */
  readonly threads: readonly Socket[]
  /** Connection to its event loop. */
  readonly loop: Carrier
}

/** Starts a host. Rejects with PYTHON_START or PYTHON_NOT_EMBEDDABLE. */
export type StartHost = (group: ProcessGroup) => Promise<WorkerHost>

/** A process of the Python half, with Node's ends of its sockets in the order of their descriptors from 3 up. */
export interface PythonProcess {
  readonly handle: ProcessHandle
  readonly sockets: readonly Socket[]
}

/** Starts a process for a group: a worker or, where workers are forked from one, a template. Rejects with PYTHON_START. */
export type StartProcess = (group: ProcessGroup) => Promise<PythonProcess>

/** What a host is for. */
export interface HostOrder extends WorkerTask {
  readonly aim: Aim
  /** Of the applications of an active worker that it is to be better than, how many are not served there. */
  readonly omitted: number
}

/** Where the hosts of a group come from. */
export interface HostSource {
  /** Starts a host. Has a `failure` when its applications could not be loaded before. Rejects as `StartHost`. */
  start(order: HostOrder): Promise<WorkerHost | { readonly failure: LoadFailure }>
  /** The worker on this host serves requests from now on. */
  admit(host: WorkerHost): void
  /** What is being loaded for workers that do not exist yet. */
  readonly loading: readonly LoadingApplication[]
  /** Gives up what is being started, with that aim only if one is given, for something newer. */
  abandon(aim?: Aim): void
  /** No worker is wanted for a while. */
  rest(): void
  /** Ends what is left when all workers have ended. */
  stop(): Promise<void>
  /** Kills all that it keeps besides the workers. */
  kill(): void
}

/** A source that keeps nothing. */
export function createHostSource(start: StartHost): HostSource {
  return {
    start: ({ group }) => start(group),
    admit: () => {},
    loading: [],
    abandon: () => {},
    rest: () => {},
    stop: async () => {},
    kill: () => {},
  }
}
