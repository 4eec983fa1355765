import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key in files, by `openssl`. */
export interface IssuedPair {
  readonly certificateFile: string
  readonly keyFile: string
  readonly certificate: string
  readonly key: string
}

/** What a certificate says; all of it has defaults. */
export interface CertificateRequest {
  /** In the form of `openssl -subj`. */
  readonly subject?: string
  /** In the form of `subjectAltName`. */
  readonly names?: string
  /** In the form of `openssl -startdate`, as `20200101000000Z`. */
  readonly from?: string
  readonly until?: string
  /** Hexadecimal. */
  readonly serial?: string
  /** Further lines of the section of extensions. */
  readonly extensions?: readonly string[]
}

const ATTRIBUTES =
  'countryName stateOrProvinceName localityName organizationName organizationalUnitName commonName emailAddress userId domainComponent'
const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** An authority that signs certificates, in a folder that `dispose` removes. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), 'taipan-authority-'))
  readonly certificateFile = join(this.folder, 'ca.pem')
  readonly #keyFile = join(this.folder, 'ca.key')
  #issued = 0

  constructor(name = 'Test Authority') {
    openssl(
      ['req', '-x509', ...CURVE, '-subj', `/O=Taipan/CN=${name}`, '-days', '30'],
      ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
      ['-keyout', this.#keyFile, '-out', this.certificateFile],
    )
  }

  get certificate(): string {
    return readFileSync(this.certificateFile, 'utf8')
  }

  issue(request: CertificateRequest = {}): IssuedPair {
    const {
      subject = '/CN=localhost',
      names = 'DNS:localhost,IP:127.0.0.1',
      extensions = [],
    } = request
    this.#issued += 1
    const base = join(this.folder, `pair-${this.#issued}`)
    const [certificateFile, keyFile, demand] = [`${base}.pem`, `${base}.key`, `${base}.csr`]
    openssl(['req', ...CURVE, '-utf8', '-subj', subject, '-keyout', keyFile, '-out', demand])
    this.#sign(base, { ...request, names, extensions })
    return {
      certificateFile,
      keyFile,
      certificate: readFileSync(certificateFile, 'utf8'),
      key: readFileSync(keyFile, 'utf8'),
    }
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** By `openssl ca`, the only command that takes dates. */
  #sign(base: string, { serial = '1234ABCD', ...request }: CertificateRequest): void {
    const { names, extensions = [], from = '20200101000000Z', until = '20490101000000Z' } = request
    const config = `${base}.cnf`
    writeFileSync(join(this.folder, 'index.txt'), '')
    writeFileSync(join(this.folder, 'index.txt.attr'), 'unique_subject = no\n')
    writeFileSync(join(this.folder, 'serial'), `${serial}\n`)
    writeFileSync(
      config,
      [
        '[ca]',
        'default_ca = own',
        '[own]',
        `database = ${join(this.folder, 'index.txt')}`,
        `serial = ${join(this.folder, 'serial')}`,
        `new_certs_dir = ${this.folder}`,
        'default_md = sha256',
        'policy = any',
        'x509_extensions = extensions',
        'preserve = yes',
        '[any]',
        ...ATTRIBUTES.split(' ').map((name) => `${name} = optional`),
        '[extensions]',
        `subjectAltName = ${names}`,
        ...extensions,
        '',
      ].join('\n'),
    )
    openssl(
      [
        'ca',
        '-batch',
        '-preserveDN',
        '-utf8',
        '-notext',
        '-config',
        config,
        '-in',
        `${base}.csr`,
        '-out',
        `${base}.pem`,
      ],
      ['-cert', this.certificateFile, '-keyfile', this.#keyFile],
      ['-startdate', from, '-enddate', until],
    )
  }
}

function openssl(...words: readonly string[][]): void {
  execFileSync('openssl', words.flat(), { stdio: ['ignore', 'ignore', 'pipe'] })
}
