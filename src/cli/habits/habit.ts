/** What an option of another server means for Taipan. */
export type Meaning =
  | {
      readonly is: 'option'
      /** Name of our flag. */
      readonly flag: string
      readonly convert?: (value: string) => string
      /** A difference that the user should know. */
      readonly note?: string
    }
  /** Half of an address. */
  | { readonly is: 'host' | 'port' }
  /** The application, or that TARGET is a factory. */
  | { readonly is: 'target' | 'factory' }
  /** No effect: Taipan always does it, or it can safely be missing. */
  | { readonly is: 'nothing'; readonly reason: string }
  /** An error, because its absence would be unsafe or surprising. */
  | { readonly is: 'refused'; readonly reason: string }

/** An option of another server. */
export interface Habit {
  /** Long names without dashes. */
  readonly names: readonly string[]
  readonly short?: string | undefined
  /** Placeholder; absent for switches. */
  readonly value?: string | undefined
  /** Selects the uses that are meant for the other server, where the name has several meanings. */
  readonly when?: (option: GivenOption) => boolean
  readonly meaning: Meaning
}

/** An option as written on the command line. */
export interface GivenOption {
  /** Long name without dashes. */
  readonly name: string
  /** `--name` or `-n`. */
  readonly written: string
  /** Empty for switches. */
  readonly value: string
}
