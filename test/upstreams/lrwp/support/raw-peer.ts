import { openRaw, type Bytes, type RawConnection } from '../../../support/raw-client.ts'

/** A request as a peer gets it. */
export interface PeerRequest {
  readonly variables: Readonly<Record<string, string>>
  readonly body: string
}

/** A peer that speaks the protocol byte by byte. */
export class RawPeer {
  readonly connection: RawConnection
  /** Bytes that have been read as part of something. */
  #read = 0

  constructor(connection: RawConnection) {
    this.connection = connection
  }

  get ended(): boolean {
    return this.connection.ended
  }

  send(bytes: Bytes): void {
    this.connection.send(bytes)
  }

  /** The next bytes, as soon as there are so many. */
  async take(count: number): Promise<string> {
    const end = this.#read + count
    await this.connection.waitUntil(() => this.connection.rest.length >= end, `${count} bytes`)
    const text = this.connection.rest.subarray(this.#read, end).toString('latin1')
    this.#read = end
    return text
  }

  /** All that the agent has sent until it closed the connection. */
  async takeAll(): Promise<string> {
    await this.connection.waitForEnd()
    return this.connection.rest.subarray(this.#read).toString('latin1')
  }

  async takeRequest(): Promise<PeerRequest> {
    const environment = await this.take(Number(await this.take(9)))
    const body = await this.take(Number(await this.take(9)))
    const pairs = environment
      .split('\0')
      .filter(Boolean)
      .map((pair): [string, string] => {
        const [name = ''] = pair.split('=', 1)
        return [name, pair.slice(name.length + 1)]
      })
    return { variables: Object.fromEntries(pairs), body }
  }

  answer(output: string): void {
    this.send(formatAnswer(output))
  }

  /** Answers requests until the connection is closed. */
  async serve(answer: (request: PeerRequest) => string): Promise<void> {
    try {
      while (!this.ended) this.answer(answer(await this.takeRequest()))
    } catch (error) {
      if (!this.ended) throw error
    }
  }

  [Symbol.dispose](): void {
    this.connection.destroy()
  }
}

/** A response with its length. */
export function formatAnswer(output: string): string {
  return String(output.length).padStart(9, '0') + output
}

/** Output of a program with a body of text. */
export function formatOutput(body: string): string {
  return `Content-Type: text/plain\r\n\r\n${body}`
}

/** Connects to an agent at `host:port`, perhaps from another address of this machine. */
export async function openPeer(address: string, localAddress?: string): Promise<RawPeer> {
  const { hostname: host, port } = new URL(`http://${address}`)
  const place = { host, port: Number(port) }
  return new RawPeer(await openRaw(localAddress === undefined ? place : { ...place, localAddress }))
}

/** Connects and registers by version 1. */
export async function registerPeer(address: string, name: string, host = ''): Promise<RawPeer> {
  const peer = await openPeer(address)
  peer.send(`${name}\xff${host}\xff\xff`)
  const answer = await peer.take(2)
  if (answer !== 'OK') throw new Error(`not registered: ${answer}`)
  return peer
}
