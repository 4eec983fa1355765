import { chmodSync, existsSync } from 'node:fs'

import { createPlace, type Place, type PlaceOptions, type Protocol } from './place.ts'
import { PeerProgram, type Command } from './program.ts'

/** A program that answers by a gateway protocol. */
export interface PeerKind {
  readonly name: string
  readonly protocols: readonly Protocol[]
  /** Files that it cannot do without. */
  readonly needs: readonly string[]
  /** It has no Unix sockets, or cannot answer on them. */
  readonly tcpOnly?: boolean
  /** The file that it is to run, where every request names one (`SCRIPT_FILENAME`). */
  readonly script?: string
  /** May write files into the folder of the place. */
  command(place: Place): Command
}

/** A peer that listens; `await using` ends it. */
export interface Peer extends AsyncDisposable {
  readonly place: Place
  /** Of the process that was started. */
  readonly pid: number
  /** What it has written so far. */
  readonly log: string
  /** Kills it with everything that it has started, and starts it again at the same place. */
  restart(): Promise<void>
  /** Ends it with everything that it has started, and removes its folder. */
  stop(): Promise<void>
}

/** The first file that a peer needs and that is not there; undefined if it can be started. */
export function findMissing({ needs }: Pick<PeerKind, 'needs'>): string | undefined {
  return needs.find((file) => !existsSync(file))
}

/** Starts a peer; resolves when it listens, rejects with its output otherwise. */
export async function startPeer(kind: PeerKind, options: PlaceOptions): Promise<Peer> {
  if (!kind.protocols.includes(options.protocol))
    throw new Error(`${kind.name} does not speak ${options.protocol}`)
  const place = await createPlace(options)
  const start = (): PeerProgram => new PeerProgram(kind.command(place), place.folder)
  const waitUntilReady = async (): Promise<void> => {
    await program.waitUntilReady(place.address)
    // Apache's children are nobody.
    if (place.port === undefined) chmodSync(place.bind, 0o777)
  }
  const stop = async (): Promise<void> => {
    await program.stop('SIGTERM')
    place[Symbol.dispose]()
  }
  let program = start()
  try {
    await waitUntilReady()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    place,
    get pid() {
      return program.pid
    },
    get log() {
      return program.log
    },
    async restart() {
      await program.stop('SIGKILL')
      await program.waitUntilGone(place.address)
      program = start()
      await waitUntilReady()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
