import type { BoundAddress } from '../../streams/listening/addresses.ts'
import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import { expandAddress, isLoopback, parsePlace } from './address.ts'

/** Where and by whom a server is controlled. */
export interface ControlPlan {
  readonly address: Exclude<BoundAddress, { readonly kind: 'fd' }>
  /** What clients must know; never absent for TCP. */
  readonly token: string | undefined
}

/** Only the user of the server, and root, may open it. */
const PRIVATE = 0o600

/** Where the server is controlled; undefined if nowhere. */
export function resolveControl(
  { control }: Pick<FullConfig, 'control'>,
  problems: Problems,
): ControlPlan | undefined {
  if (control === undefined) return undefined
  const { bind, token } = control
  if (bind === undefined) {
    problems.add(['control'], 'names no address; write for example bind: "unix:run/control.sock"')
    return undefined
  }
  const where =
    problems.sourceOf(['control', 'bind']) === undefined ? ['control'] : ['control', 'bind']
  const address = parsePlace(expandAddress(bind) ?? bind)
  const found = JSON.stringify(bind)
  if (typeof address === 'string') problems.add(where, `${found} is not an address: ${address}`)
  else if (address.kind === 'fd')
    problems.add(where, `${found}: expected unix:PATH or a port of this machine`)
  else if (address.kind === 'unix')
    return { address: { ...address, mode: address.mode ?? PRIVATE }, token }
  else if (!isLoopback(address.host))
    problems.add(
      where,
      `${found} can be reached by other machines; take 127.0.0.1:${address.port}, or a Unix socket: unix:PATH`,
    )
  else if (token === undefined)
    problems.add(
      where,
      `${found} can be reached by every user of this machine, so it needs a token: control: { bind: ${found}, token: "..." }, or TAIPAN_CONTROL_TOKEN; a Unix socket needs none: unix:PATH`,
    )
  else return { address, token }
  return undefined
}
