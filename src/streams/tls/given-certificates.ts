import type { TlsMaterial } from './material.ts'

/** The certificates of a server, which may change while it runs. */
export interface Certificates {
  readonly material: TlsMaterial
  /** Called with each later material. One listener. */
  onChange: ((material: TlsMaterial) => void) | undefined
  /** Resolves when changes up to now are known. */
  refresh(): Promise<void>
  stop(): void
}

/** Certificates that were made in memory, or that another process tells. */
export class GivenCertificates implements Certificates {
  onChange: ((material: TlsMaterial) => void) | undefined
  material: TlsMaterial

  constructor(material: TlsMaterial) {
    this.material = material
  }

  replace(material: TlsMaterial): void {
    this.material = material
    this.onChange?.(material)
  }

  async refresh(): Promise<void> {}

  stop(): void {}
}
