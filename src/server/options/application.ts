import { boolean, choice, list, pairs, text, texts } from '../option-types/kinds.ts'
import { flag, option, optional } from '../option-types/option.ts'
import { interfaces } from './interfaces.ts'

const environs = choice(['mod_wsgi'])

/** The application of the short form. */
export const APPLICATION = {
  app: optional(text, {
    description: 'The application of the short form: TARGET of the command line.',
    environment: 'TAIPAN_APP',
  }),
  interface: option(interfaces, 'auto', {
    description: 'How the application is called: auto (detected), wsgi or asgi.',
    environment: 'TAIPAN_INTERFACE',
    flag: flag('Application', 'interface', { short: 'i', value: 'NAME' }),
  }),
  callable: optional(text, {
    description: 'Name of the callable if TARGET names none; by default the usual names are tried.',
    environment: 'TAIPAN_CALLABLE',
    flag: flag('Application', 'callable', { value: 'NAME' }),
  }),
  mount: optional(text, {
    description: 'URL prefix of the application; it becomes SCRIPT_NAME (rootPath, or /).',
    environment: 'TAIPAN_MOUNT',
    flag: flag('Application', 'mount', {
      value: 'PATH',
      help: 'URL prefix of the application; it becomes SCRIPT_NAME (that of --root-path, or /).',
    }),
  }),
  rootPath: optional(text, {
    description:
      'URL prefix that a proxy in front takes away from the paths; it is put back before routes are looked for.',
    environment: 'TAIPAN_ROOT_PATH',
    flag: flag('Application', 'root-path', {
      value: 'PATH',
      help: 'URL prefix that a proxy in front takes away; the application sees it as SCRIPT_NAME.',
    }),
  }),
  scriptReloading: option(boolean, true, {
    description:
      'A request for an application that is named by a file finds whether that has changed, and has its group loaded anew; not with `reload` and `dev`, which watch files.',
    environment: 'TAIPAN_SCRIPT_RELOADING',
    flag: flag('Application', 'no-script-reloading', {
      negative: true,
      help: 'Do not load an application anew when a request finds its file changed.',
    }),
  }),
  appDirectory: optional(text, {
    description:
      'Folder that a relative TARGET starts from, first on sys.path (the working directory).',
    anchor: 'path',
    environment: 'TAIPAN_APP_DIR',
    flag: flag('Application', 'app-dir', { value: 'DIR' }),
  }),
  arguments: option(texts, [], {
    description:
      'Arguments of the application: `sys.argv` after the target. On the command line what follows `--`.',
  }),
  env: option(
    pairs,
    {},
    {
      description: 'Environment variable of the application; repeatable.',
      form: 'pairs',
      flag: flag('Application', 'env', { value: 'K=V' }),
    },
  ),
  environ: optional(environs, {
    description: 'Keys that WSGI applications find in addition: mod_wsgi, those of mod_wsgi.',
    perGroup: true,
    toWorker: 'environ',
  }),
  envFile: option(list, [], {
    description: 'File with environment variables as KEY=VALUE lines; repeatable.',
    form: 'list',
    anchor: 'path',
    addsUp: true,
    environment: 'TAIPAN_ENV_FILE',
    flag: flag('Application', 'env-file', { value: 'FILE' }),
  }),
}
