import type { Writable } from 'node:stream'
import type { RequestBody } from '../../core/exchange.ts'

const WINDOW = 256 * 1024

/** Gives the body of a request to the standard input of a program, as fast as that reads. */
export function feedProgram(body: RequestBody, input: Writable): void {
  let over = false
  const finish = (): void => {
    over = true
    body.onProgress = undefined
  }
  // A program may leave its input unread.
  input.on('error', finish)
  input.on('close', finish)
  const take = (): Uint8Array | undefined => (over ? undefined : body.take())
  const pump = (): void => {
    if (input.writableNeedDrain) return
    for (let piece = take(); piece !== undefined; piece = take()) if (!input.write(piece)) return
    if (over) return
    if (body.error !== undefined) {
      finish()
      input.destroy()
    } else if (body.complete) {
      finish()
      input.end()
    } else body.request(WINDOW)
  }
  input.on('drain', pump)
  body.onProgress = pump
  pump()
}
