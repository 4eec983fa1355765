/** The programs behind a path. */
export interface FoundPeers {
  /** What an upstream knows them by. */
  readonly application: string
  /** Index in the raw path where their SCRIPT_NAME ends. */
  readonly end: number
}

/** Knows which programs have registered, each under a path or an ending of paths. */
export interface PeerDirectory {
  /** Those that answer a raw path below a route; undefined: none. `host` is the authority of the request. */
  findByPath(host: string, path: string): FoundPeers | undefined
  /** What those of a name are known by that answer for a host; undefined: there are none. */
  findByName(host: string, name: string): string | undefined
}
