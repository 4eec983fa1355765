import type { NamedLimit } from '../../core/time-limit.ts'
import type { LifetimeLimits } from '../../processes/lifetime.ts'

/** How a program gets the place where it listens: an inherited socket, or its name in its words. */
export type ProgramListening = 'inherited' | 'socket' | 'port'

/** A program to keep running. Durations in ms. */
export interface ProgramSettings {
  /** What it is called in messages. */
  readonly name: string
  /** The program and its arguments, with `{socket}`, `{port}` or `{fd}` where it shall listen. */
  readonly words: readonly string[]
  readonly listening: ProgramListening
  /** Working directory. */
  readonly directory: string
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly processes: number
  /** From its start until it accepts connections. */
  readonly startup: NamedLimit
  /** For running requests when a process has to end; 0: no limit. */
  readonly shutdown: number
  /** When another process takes the place of one; undefined: never. */
  readonly limits?: LifetimeLimits | undefined
}
