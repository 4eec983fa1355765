import { Socket } from 'node:net'

import type { ProcessGroup } from '../../core/process-group.ts'
import { createChildHandle } from '../../processes/child-handle.ts'
import type { ProcessHandle } from '../../processes/process-handle.ts'
import { spawnChild } from '../daemon/spawn.ts'

/** Where a template runs. */
export interface TemplateHost extends ProcessHandle {
  readonly control: Socket
  /** Takes descriptors of workers. */
  readonly door: Socket
}

/** Starts a template of a group. Rejects with PYTHON_START when the system cannot start it. */
export async function spawnTemplate(group: ProcessGroup): Promise<TemplateHost> {
  const child = await spawnChild(group, 2)
  const [control, door] = child.stdio.slice(3).filter((end) => end instanceof Socket)
  if (control === undefined || door === undefined) throw new Error('no sockets')
  return { ...createChildHandle(child, true), control, door }
}
