import { LocalFileFeed } from '../streams/tls/file-feed.ts'
import type { FileTexts } from '../streams/tls/file-texts.ts'

/** What the server asks for; the files come in the first message, before it has given up its rights. */
export type MessageToFileReader =
  | { readonly type: 'read'; readonly paths: readonly string[] }
  | { readonly type: 'look'; readonly id: number }

/** What is in the files, at first and after each change; and that a look is over. */
export type MessageFromFileReader =
  | { readonly type: 'texts'; readonly texts: FileTexts }
  | { readonly type: 'looked'; readonly id: number }

let feed: LocalFileFeed | undefined

// Stops are the server's; a terminal and service managers signal all processes at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)
  process.on(signal, () => {})
process.on('message', (message: MessageToFileReader) => void take(message))
process.on('disconnect', () => process.exit(0))

/** Everything that the server may ask for, however it was changed by those whom it serves. */
async function take(message: MessageToFileReader): Promise<void> {
  if (message.type === 'read' && feed === undefined) {
    feed = new LocalFileFeed(message.paths)
    tell({ type: 'texts', texts: await feed.start((texts) => tell({ type: 'texts', texts })) })
  } else if (message.type === 'look') {
    await feed?.look()
    tell({ type: 'looked', id: message.id })
  }
}

function tell(message: MessageFromFileReader): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}
