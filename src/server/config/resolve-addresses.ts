import type { Problems } from '../option-types/problems.ts'
import { expandAddress, isOpenDoor, parseAddress, type Address } from './address.ts'

/** The addresses of a configuration, and how they were understood. Collects problems. */
export function resolveAddresses(
  bind: readonly string[],
  problems: Problems,
): { addresses: Address[]; hints: string[] } {
  const where = ['bind']
  if (bind.length === 0) problems.add(where, 'names no address; write for example 127.0.0.1:8000')
  const addresses: Address[] = []
  const hints: string[] = []
  for (const text of bind) {
    const whole = expandAddress(text)
    if (whole !== undefined) hints.push(`${problems.nameOf(where)}: ${text} is ${whole} here`)
    const address = parseAddress(whole ?? text)
    if (typeof address === 'string')
      problems.add(where, `${JSON.stringify(text)} is not an address: ${address}`)
    else addresses.push(address)
    if (typeof address !== 'string' && isOpenDoor(address))
      hints.push(
        `${problems.nameOf(where)}: ${text} believes all who can connect, also who the user is; let that be the server in front alone`,
      )
  }
  return { addresses, hints }
}
