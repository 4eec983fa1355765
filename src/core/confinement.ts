/** A user of the system, as a process becomes it. */
export interface Account {
  readonly uid: number
  readonly gid: number
  /** Undefined when the system has no name for the number; it then has no other groups. */
  readonly name: string | undefined
  /** Home folder; undefined when it has none. */
  readonly home: string | undefined
}

/** Limits of the system for a process, by their names without `RLIMIT_`. */
export type ResourceLimits = Readonly<Record<string, number>>

/** What the worker processes of a group become before any code of an application runs. */
export interface Confinement {
  /** Undefined: the user that starts them. */
  readonly account: Account | undefined
  /** Group numbers besides that of the account; undefined: those that the system knows of the user. */
  readonly supplementaryGroups: readonly number[] | undefined
  /** Permissions that new files do not get; undefined: inherited. */
  readonly umask: number | undefined
  /** Folder that becomes the root of their file system. */
  readonly chroot: string | undefined
  readonly limits: ResourceLimits
  /** -20 to 20; undefined: inherited. */
  readonly niceness: number | undefined
  /** They and their children can never gain rights, by set-user-id programs for example. */
  readonly noNewPrivileges: boolean
}

/** Who must own the scripts of a group and their folders, so that nobody else can have written them. */
export interface ScriptOwner {
  readonly kind: 'user' | 'group'
  readonly id: number
  /** As it was configured. */
  readonly name: string
}
