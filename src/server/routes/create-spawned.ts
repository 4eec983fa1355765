import type { SpawnedUpstream } from '../../upstreams/spawned/spawned-upstream.ts'
import type { GatewayAddress } from '../../upstreams/gateway/gateway-address.ts'
import type { GatewayUpstream } from '../../upstreams/gateway/gateway-upstream.ts'
import type { UpstreamAddress } from '../../upstreams/gateway/upstream-address.ts'
import { formatPlace } from '../../upstreams/spawned/program-place.ts'
import type { AnswererContext } from './route-kind.ts'
import type { ProgramPlan } from './spawn-options.ts'

/** Parts of the upstream of a program. */
export interface SpawnedParts {
  readonly program: ProgramPlan
  readonly gateway: GatewayUpstream
  readonly createAddress: (address: UpstreamAddress) => GatewayAddress
}

/** Makes the upstream of a program, and puts it among the programs. */
export async function createSpawned(
  { program, gateway, createAddress }: SpawnedParts,
  { programs, logger, shutdownTimeout, programEnvironment }: AnswererContext,
): Promise<SpawnedUpstream> {
  const { SpawnedUpstream: Spawned } = await import('../../upstreams/spawned/spawned-upstream.ts')
  const { protocol, environment, ...settings } = program
  const { directory } = settings
  const upstream = new Spawned({
    gateway,
    settings: {
      ...settings,
      environment: { ...programEnvironment, PYTHONPATH: directory, ...environment },
      shutdown: shutdownTimeout,
    },
    createAddress: (place) =>
      createAddress({ url: `${protocol}+${formatPlace(place)}`, protocol, place }),
    logger,
    loadDuplicate,
  })
  programs.set(chooseName(program.name, programs), upstream)
  return upstream
}

async function loadDuplicate(): Promise<(descriptor: number) => number> {
  const { loadSystemFfi } = await import('../../native/system-ffi.ts')
  const ffi = await loadSystemFfi()
  return (descriptor) => ffi.duplicate(descriptor)
}

/** A name that no other program has. */
function chooseName(name: string, taken: ReadonlyMap<string, unknown>): string {
  let free = name
  for (let number = 2; taken.has(free); number++) free = `${name} ${number}`
  return free
}
