import type { FullConfig } from '../options/schema.ts'
import { isLoopback, type Address } from './address.ts'

/** Warns of addresses where other machines are shown what is meant for the author of an application. */
export function warnOfOpenDevelopment(
  { dev }: Pick<FullConfig, 'dev'>,
  addresses: readonly Address[],
): string[] {
  if (!dev) return []
  const hosts = addresses.flatMap((one) => (one.kind === 'tcp' ? one.host : []))
  const open = hosts.find((host) => !isLoopback(host))
  if (open === undefined) return []
  return [
    `--dev shows source code, variables and requests to all who can connect to ${open}; bind to 127.0.0.1, or see to it that nobody else can`,
  ]
}
