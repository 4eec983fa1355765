import { setTimeout as delay } from 'node:timers/promises'
import { emitKeypressEvents } from 'node:readline'
import type { ControlClient } from './control-client.ts'
import { formatTop, type Snapshot } from './format-top.ts'
import { parseStatus } from './parse-answers.ts'

const INTERVAL_MS = 1000
const USUAL_COLUMNS = 80
const USUAL_ROWS = 24
const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'
const HOME = '\u001B[H'
const REST_OF_LINE = '\u001B[K'
const REST_OF_SCREEN = '\u001B[J'

/** `taipan top`: shows the server live until `q` is pressed; without a terminal once. */
export async function runTop(client: ControlClient): Promise<number> {
  const first = await ask(client)
  if (!process.stdout.isTTY) {
    await delay(INTERVAL_MS)
    process.stdout.write(`${formatTop(await ask(client), first).join('\n')}\n`)
    return 0
  }
  const ended = new AbortController()
  const restore = listenToKeys(() => ended.abort())
  process.stdout.write(ENTER)
  try {
    await refresh(client, first, ended.signal)
  } finally {
    process.stdout.write(LEAVE)
    restore()
  }
  return 0
}

async function ask(client: ControlClient): Promise<Snapshot> {
  return { status: parseStatus(await client.get('/status')), at: performance.now() }
}

async function refresh(client: ControlClient, first: Snapshot, signal: AbortSignal): Promise<void> {
  let before: Snapshot | undefined
  let now = first
  while (!signal.aborted) {
    draw(formatTop(now, before))
    await delay(INTERVAL_MS, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    before = now
    now = await ask(client)
  }
}

/** Draws over what was there, as far as the terminal has room. */
function draw(lines: readonly string[]): void {
  const { columns, rows } = measureTerminal()
  const shown = [...lines.slice(0, rows - 2), '', 'q: quit']
  const text = shown.map((line) => line.slice(0, columns) + REST_OF_LINE).join('\r\n')
  process.stdout.write(`${HOME}${text}${REST_OF_SCREEN}`)
}

/** Terminals without a window, as those of `script` in a pipeline, say that they have no columns and rows. */
function measureTerminal(): { columns: number; rows: number } {
  const { columns, rows } = process.stdout
  return { columns: columns || USUAL_COLUMNS, rows: rows || USUAL_ROWS }
}

/** Calls `quit` for q and Ctrl-C, and at a signal to end; returns what gives the keys back. */
function listenToKeys(quit: () => void): () => void {
  const { stdin } = process
  const onKey = (_text: string | undefined, key: { name?: string; ctrl?: boolean }): void => {
    if (key.name === 'q' || key.name === 'escape' || (key.name === 'c' && key.ctrl === true)) quit()
  }
  process.once('SIGTERM', quit).once('SIGINT', quit)
  if (!stdin.isTTY) return () => {}
  emitKeypressEvents(stdin)
  stdin.setRawMode(true).resume().on('keypress', onKey)
  return () => {
    stdin.off('keypress', onKey).setRawMode(false).pause()
  }
}
