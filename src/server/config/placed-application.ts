import type { Application } from '../../core/application.ts'
import type { Isolation } from '../../core/isolation.ts'

/** An application with its group. */
export interface PlacedApplication {
  readonly application: Application
  /** What routes call it. */
  readonly key: string
  /** Where it runs. */
  readonly group: string
  /** The group of the configuration that this is, or that it is derived from. */
  readonly base: string
  readonly isolation: Isolation
  readonly env: Readonly<Record<string, string>>
  /** Folder of its sources. */
  readonly folder: string
  /** `sys.argv[0]` of the application. */
  readonly argument: string
}
