import { findAccount, findGroupId } from '../../processes/accounts.ts'
import type { OptionPath, Problems } from '../option-types/problems.ts'
import { expandDescriptorName, type HandedSocket } from './handed-sockets.ts'
import { expandAddress, isOpenDoor, parseAddress, type Address } from './address.ts'

/** The addresses of a configuration, and how they were understood. Collects problems. */
export function resolveAddresses(
  bind: readonly string[],
  sockets: readonly HandedSocket[],
  problems: Problems,
): { addresses: Address[]; hints: string[] } {
  const where = ['bind']
  if (bind.length === 0) problems.add(where, 'names no address; write for example 127.0.0.1:8000')
  const addresses: Address[] = []
  const hints: string[] = []
  for (const { text, given } of expandNames(bind, sockets, problems)) {
    const whole = expandAddress(given)
    if (whole !== undefined) hints.push(`${problems.nameOf(where)}: ${text} is ${whole} here`)
    const address = parseAddress(whole ?? given)
    if (typeof address === 'string')
      problems.add(where, `${JSON.stringify(text)} is not an address: ${address}`)
    else addresses.push(resolveOwner(address, { where, text }, problems))
    if (typeof address !== 'string' && isOpenDoor(address))
      hints.push(
        `${problems.nameOf(where)}: ${text} believes all who can connect, also who the user is; let that be the server in front alone`,
      )
  }
  return { addresses, hints }
}

interface NamedAddress {
  /** As it was written. */
  readonly text: string
  /** With the number of a descriptor in place of its name. */
  readonly given: string
}

function expandNames(
  bind: readonly string[],
  sockets: readonly HandedSocket[],
  problems: Problems,
): NamedAddress[] {
  return bind.flatMap((text) => {
    const texts = expandDescriptorName(text, sockets)
    if (typeof texts !== 'string') return texts.map((given) => ({ text, given }))
    problems.add(['bind'], `${JSON.stringify(text)} is not an address: ${texts}`)
    return []
  })
}

/** Looks up the numbers of the user and the group who are to have a Unix socket. */
export function resolveOwner<A extends Address>(
  address: A,
  { where, text }: { readonly where: OptionPath; readonly text: string },
  problems: Problems,
): A {
  if (address.kind !== 'unix') return address
  const { user, group } = address
  if (user === undefined && group === undefined) return address
  const account = user === undefined ? undefined : findAccount(user)
  const gid = group === undefined ? undefined : findGroupId(group)
  if (user !== undefined && account === undefined)
    problems.add(where, `${JSON.stringify(text)}: there is no user ${user}`)
  if (group !== undefined && gid === undefined)
    problems.add(where, `${JSON.stringify(text)}: there is no group ${group}`)
  return { ...address, owner: { uid: account?.uid, gid } }
}
