import type { Socket } from 'node:net'

import type { ProcessGroup } from '../../core/process-group.ts'
import type { ProcessHandle } from '../../processes/process-handle.ts'
import { openProcess, spawnChild } from '../daemon/spawn.ts'
import type { StartProcess } from '../group/host.ts'

/** Where a template runs. */
export interface TemplateHost {
  readonly handle: ProcessHandle
  readonly control: Socket
  /** Takes descriptors of workers. */
  readonly door: Socket
}

/** Starts a template of a group, by `start` if that is given. Rejects with PYTHON_START when the system cannot start it. */
export async function spawnTemplate(
  group: ProcessGroup,
  start?: StartProcess,
): Promise<TemplateHost> {
  const { handle, sockets } = await (start?.(group) ?? spawn(group))
  const [control, door] = sockets
  if (control === undefined || door === undefined) throw new Error('no sockets')
  return { handle, control, door }
}

async function spawn(group: ProcessGroup): ReturnType<StartProcess> {
  return openProcess(await spawnChild(group, 2))
}
