import { createApache } from '../../support/peers/apache.ts'
import { findMissing, startPeer } from '../../support/peers/peer.ts'

/** An Apache of its own. */
export interface Apache {
  readonly url: string
  stop(): Promise<void>
}

/** Whether Apache is installed with these modules. */
export function hasApache(...modules: readonly string[]): boolean {
  return findMissing(createApache({ modules, lines: [] })) === undefined
}

/** Starts Apache with `root` as its documents; `directory` says how files are served. */
export async function startApache(options: {
  readonly root: string
  readonly modules: readonly string[]
  readonly directory: readonly string[]
  readonly more?: readonly string[]
}): Promise<Apache> {
  const { root, modules, directory, more = [] } = options
  const lines = [
    'KeepAlive Off',
    `DocumentRoot ${root}`,
    `<Directory ${root}>`,
    'Require all granted',
    ...directory,
    '</Directory>',
    ...more,
  ]
  const kind = createApache({ model: 'prefork', modules, lines })
  const peer = await startPeer(kind, { protocol: 'http' })
  return { url: peer.place.url, stop: () => peer.stop() }
}
