import type { RunningTaipan } from '../../../support/cli.ts'

/** `host:port` where peers register, as the log says. */
export async function findDoor(taipan: RunningTaipan): Promise<string> {
  const line = await taipan.waitForOutput(/peers register at (\S+)/)
  return line.replace(/.* at /s, '')
}
