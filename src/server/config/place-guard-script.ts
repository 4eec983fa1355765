import { dirname } from 'node:path'
import type { GuardApplication } from '../../core/application.ts'
import {
  distinguish,
  nameSource,
  placeApplication,
  type PlacedApplication,
} from './placed-application.ts'

/** A script that is asked about requests to others. */
export type PlacedGuard = PlacedApplication & { readonly application: GuardApplication }

/** What there is besides a script. */
interface Surroundings {
  readonly applications: readonly PlacedApplication[]
  readonly directory: string
}

/** Makes a script an application of a group, under a name that no other one of the group has. */
export function placeGuardScript(
  file: string,
  group: string,
  { applications, directory }: Surroundings,
): PlacedGuard {
  return placeApplication(
    {
      kind: 'guard',
      name: distinguish(nameSource(file, directory), group, applications),
      interface: 'script',
      file,
      functions: [],
      multithread: true,
    },
    { key: '', group, folder: dirname(file), argument: file },
  )
}
