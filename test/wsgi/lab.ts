import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { fetchRaw, type RawRequest, type RawResponse } from '../support/raw-client.ts'

export const APPS = fileURLToPath(new URL('../fixtures/apps', import.meta.url))

/** The response of `/environ` of the lab. */
export interface EnvironReport {
  readonly type: string
  readonly strings: Readonly<Record<string, string>>
  readonly others: Readonly<Record<string, string>>
}

/** A running `wsgi_lab.py` with methods for its handlers. */
export class Lab {
  readonly taipan: RunningTaipan
  /** A folder for this lab only; also its TMPDIR. */
  readonly folder: string
  #keys = 0

  constructor(taipan: RunningTaipan, folder: string) {
    this.taipan = taipan
    this.folder = folder
  }

  get url(): string {
    return this.taipan.url
  }

  /** A key for notes that no other test uses. */
  key(): string {
    this.#keys += 1
    return `k${this.#keys}`
  }

  async get(target: string, request: Omit<RawRequest, 'target'> = {}): Promise<RawResponse> {
    return await fetchRaw(this.url, { ...request, target })
  }

  async post(
    target: string,
    body: string | Uint8Array,
    request: Omit<RawRequest, 'target'> = {},
  ): Promise<RawResponse> {
    return await fetchRaw(this.url, { method: 'POST', ...request, target, body })
  }

  async json<T>(target: string, request: Omit<RawRequest, 'target'> = {}): Promise<T> {
    const response = await this.get(target, request)
    if (response.status !== 200) throw new Error(`${target}: ${response.status} ${response.text}`)
    const value: T = JSON.parse(response.body.toString('utf8'))
    return value
  }

  async environ(
    target = '/environ',
    request: Omit<RawRequest, 'target'> = {},
  ): Promise<EnvironReport> {
    return await this.json<EnvironReport>(target, request)
  }

  /** Notes of the application. With one thread this request runs after the `close()` of earlier ones. */
  async notes(key: string): Promise<string[]> {
    return await this.json<string[]>(`/notes?key=${key}`)
  }

  async stop(): Promise<void> {
    await this.taipan.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Starts the lab with one process and by default one thread, so that requests are strictly in order. */
export async function startLab(
  options: readonly string[] = ['-t', '1'],
  env: Record<string, string> = {},
): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'taipan-lab-'))
  const args = [
    'wsgi_lab.py',
    '-b',
    '127.0.0.1:0',
    ...(options.includes('-p') ? [] : ['-p', '1']),
    ...options,
  ]
  const taipan = await startTaipan(args, { cwd: APPS, env: { TMPDIR: folder, ...env } })
  return new Lab(taipan, folder)
}
