import type { Socket } from 'node:net'

import type { ProcessGroup } from '../../core/process-group.ts'
import type { ProcessHandle } from '../../processes/process-handle.ts'
import type { Carrier } from '../link/carrier.ts'

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
