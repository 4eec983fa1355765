/** The first thing in a text in PEM, in DER; empty for none. */
export function parsePem(text: string): Buffer {
  const [, base64 = ''] = /-----BEGIN [^-]+-----([^-]*)-----END /.exec(text) ?? []
  return Buffer.from(base64, 'base64')
}

/** A certificate or key in DER as PEM; the label says which. */
export function formatPem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
