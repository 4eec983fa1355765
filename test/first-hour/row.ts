/** Files of a project by their paths. */
export type Files = Readonly<Record<string, string>>

export type Engine = 'daemon' | 'embedded'

/** What somebody has, types, and gets. */
export interface Row {
  readonly name: string
  /** The project, which belongs to the visitor unless it is `readOnly`. */
  readonly files?: Files
  readonly readOnly?: boolean
  /** Name of its folder. */
  readonly folder?: string
  /** Does to the project what files cannot say. */
  readonly prepare?: (project: string) => void
  /** Folder of the project in which the command is typed. */
  readonly cwd?: string
  /** As typed in a shell; `{port}` is a free port, `{taken}` one that is in use. */
  readonly command: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The package is installed in the project, as `npx` wants it. */
  readonly installed?: boolean
  /** The command inherits a listening socket. */
  readonly socket?: boolean
  /** Both by default. */
  readonly engines?: readonly Engine[]
  /** What a client gets: a part of a page with status 200, or another status. */
  readonly pages?: Readonly<Record<string, string | number>>
  /** Paths of WebSockets that send back what they get. */
  readonly echoes?: readonly string[]
  /** What the command prints; one that serves prints no other warnings and errors. */
  readonly says?: readonly RegExp[]
  /** Of a command that does not serve. */
  readonly exitCode?: number
}

/** For rows in which the engine plays no part. */
export const ONE: readonly Engine[] = ['daemon']
