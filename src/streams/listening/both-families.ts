import { openNetListener } from '../net/net-listener.ts'
import type { ListenAddress } from './addresses.ts'

const FAMILIES = ['127.0.0.1', '::1'] as const
const MOST_TRIES = 20

/** Puts two addresses in the place of `localhost`, one for each family that this machine has; port 0 becomes one port that is free for both. */
export async function expandLocalhost<A extends ListenAddress>(
  addresses: readonly A[],
): Promise<A[]> {
  const expanded: A[] = []
  for (const address of addresses) {
    if (address.kind !== 'tcp' || address.host.toLowerCase() !== 'localhost') expanded.push(address)
    else {
      const port = address.port === 0 ? await findFreePort() : address.port
      for (const host of await listFamilies()) expanded.push({ ...address, host, port })
    }
  }
  return expanded
}

async function listFamilies(): Promise<string[]> {
  const found: string[] = []
  for (const host of FAMILIES) if ((await tryPort(host, 0)) !== undefined) found.push(host)
  // The error of the first one tells more than an empty list.
  return found.length === 0 ? [FAMILIES[0]] : found
}

/** 0 where none is found; then each family gets its own. */
async function findFreePort(): Promise<number> {
  const [first, ...others] = await listFamilies()
  if (first === undefined) return 0
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = (await tryPort(first, 0)) ?? 0
    const taken = await Promise.all(others.map((host) => tryPort(host, port)))
    if (taken.every((one) => one === port)) return port
  }
  return 0
}

/** The port that could be listened at for a moment. */
async function tryPort(host: string, port: number): Promise<number | undefined> {
  try {
    const socket = await openNetListener({ kind: 'tcp', host, port }, (stream) => stream.destroy())
    const { address } = socket
    await socket.close()
    return typeof address === 'object' ? address.port : undefined
  } catch {
    return undefined
  }
}
