import { Frame, readFrames, type ReadFrame } from '../../support/http2-frames.ts'
import { openHttp2, type Http2RawConnection } from '../../support/http2-raw.ts'
import type { Bytes } from '../../support/raw-client.ts'

/** Codes of errors (RFC 9113, 7). */
export const Code = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  ENHANCE_YOUR_CALM: 11,
} as const

/** A client that sends frames of its own, and sees those of the server. */
export class FrameClient {
  readonly raw: Http2RawConnection

  constructor(raw: Http2RawConnection) {
    this.raw = raw
  }

  get frames(): ReadFrame[] {
    return readFrames(this.raw.rest)
  }

  send(...parts: readonly Bytes[]): void {
    for (const part of parts) this.raw.send(part)
  }

  /** The first frame of a type, of a stream if `id` is given. */
  find(type: number, id?: number): ReadFrame | undefined {
    return this.frames.find((frame) => frame.type === type && (id ?? frame.id) === frame.id)
  }

  /** Resolves when such a frame has arrived. */
  async waitFor(type: number, id?: number): Promise<ReadFrame> {
    let found: ReadFrame | undefined
    const what = `a frame of type ${type}${id === undefined ? '' : ` for stream ${id}`}`
    await this.raw.waitUntil(() => {
      found = this.find(type, id)
      return found !== undefined
    }, what)
    if (found === undefined) throw new Error(`there is no ${what}`)
    return found
  }

  /** The code of the RST_STREAM of a stream. */
  async waitForReset(id: number): Promise<number> {
    return (await this.waitFor(Frame.RST_STREAM, id)).payload.readUInt32BE(0)
  }

  /** The codes of all GOAWAY frames. */
  get goaways(): number[] {
    return this.frames
      .filter(({ type }) => type === Frame.GOAWAY)
      .map(({ payload }) => payload.readUInt32BE(4))
  }

  [Symbol.dispose](): void {
    this.raw.destroy()
  }
}

/** Opens a connection on which nothing was sent yet. */
export async function openFrames(url: string): Promise<FrameClient> {
  return new FrameClient(await openHttp2(url))
}
