import { boolean, choice, list, recordOf, text } from '../option-types/kinds.ts'
import { createSection, flag, option, optional } from '../option-types/option.ts'

/** `tls.names.NAME`: the pair of one name. */
const TLS_NAME = {
  certificate: optional(text, {
    description: 'Like `tls.certificate`.',
    anchor: 'path',
  }),
  key: optional(text, { description: 'Like `tls.key`.', anchor: 'path' }),
}

/** `tls`: what https addresses need. */
export const TLS = {
  certificate: optional(text, {
    description:
      'File with the certificate, followed by those that lead to its authority, in PEM; with the flag or the variable, addresses without a scheme speak https.',
    anchor: 'path',
    environment: 'TAIPAN_TLS_CERT',
    flag: flag('Listening', 'tls-cert', {
      value: 'FILE',
      help: 'File with the certificate and those that lead to its authority (PEM); addresses without a scheme speak https then.',
    }),
  }),
  key: optional(text, {
    description: 'File with the private key, in PEM; the file of the certificate by default.',
    anchor: 'path',
    environment: 'TAIPAN_TLS_KEY',
    flag: flag('Listening', 'tls-key', { value: 'FILE' }),
  }),
  names: option(
    recordOf(createSection(TLS_NAME), 'an object of host names'),
    {},
    {
      description:
        'Certificates of further host names, such as `a.example` or `*.example.org`; other names get the one above.',
      table: TLS_NAME,
      holdsMany: true,
    },
  ),
  ca: option(list, [], {
    description:
      'Files with the authorities (PEM) that sign certificates of clients; needed where clients are asked for one.',
    anchor: 'path',
  }),
  clientCertificate: option(choice(['none', 'request', 'require']), 'none', {
    description:
      'Whether clients are asked for a certificate: none, request (also those without one are served) or require.',
  }),
  minVersion: option(choice(['TLSv1.2', 'TLSv1.3']), 'TLSv1.2', {
    description: 'Oldest version of TLS that is spoken.',
  }),
  ciphers: optional(text, {
    description: 'Ciphers, in the words of OpenSSL; those of Node by default.',
  }),
  selfSigned: option(boolean, false, {
    description:
      'With `dev`: https with a certificate that is made at the start and signed by nobody.',
    form: 'boolean',
    flag: flag('Development', 'tls', {
      help: 'With --dev: https with a certificate that is made at the start and signed by nobody.',
    }),
  }),
}
