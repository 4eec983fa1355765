import type { ConnectPlace } from '../../streams/net/net-connector.ts'
import type { PlaceWords } from './program-words.ts'

/** Where a process listens. */
export interface ProgramPlace {
  /** For connections to it. */
  readonly address: ConnectPlace
  readonly words: PlaceWords
  /** Of the listening socket that it inherits as descriptor 0; undefined: it opens its own. */
  readonly descriptor: number | undefined
  /** Frees what is left of it. May be called twice. */
  close(): void
}

/** Formats the address of a place for people. */
export function formatPlace(address: ConnectPlace): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`
}
