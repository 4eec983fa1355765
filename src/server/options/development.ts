import { boolean, editor, list } from '../option-types/kinds.ts'
import { flag, option, optional } from '../option-types/option.ts'

/** What is for development. */
export const DEVELOPMENT = {
  reload: option(boolean, false, {
    description: 'Reload the application when its Python files change.',
    form: 'boolean',
    environment: 'TAIPAN_RELOAD',
    flag: flag('Development', 'reload'),
  }),
  reloadDir: option(list, [], {
    description: 'Folder to watch for changes instead of those of the applications; repeatable.',
    form: 'list',
    anchor: 'path',
    environment: 'TAIPAN_RELOAD_DIR',
    flag: flag('Development', 'reload-dir', { value: 'DIR' }),
  }),
  reloadInclude: option(list, [], {
    description: 'Pattern of other files to watch, by name or path, such as *.html; repeatable.',
    form: 'list',
    environment: 'TAIPAN_RELOAD_INCLUDE',
    flag: flag('Development', 'reload-include', { value: 'GLOB' }),
  }),
  reloadExclude: option(list, [], {
    description: 'Pattern of files or folders not to watch, by name or path; repeatable.',
    form: 'list',
    environment: 'TAIPAN_RELOAD_EXCLUDE',
    flag: flag('Development', 'reload-exclude', { value: 'GLOB' }),
  }),
  dev: option(boolean, false, {
    description:
      'For development: --reload for all kinds of files, and tracebacks and fresh pages in the browser.',
    form: 'boolean',
    toWorker: 'dev',
    environment: 'TAIPAN_DEV',
    flag: flag('Development', 'dev'),
  }),
  editor: optional(editor, {
    description:
      'With --dev: editor that tracebacks in the browser open, such as vscode, pycharm or zed, or an address with {path} and {line}; none for none (by EDITOR and the terminal).',
    toWorker: 'editor',
    environment: 'TAIPAN_EDITOR',
    flag: flag('Development', 'editor', { value: 'NAME' }),
  }),
  devHost: option(list, [], {
    description:
      'With --dev: further host name by which errors are shown in the browser and pages load again, such as dev.shop.com or *.shop.com; repeatable.',
    form: 'list',
    environment: 'TAIPAN_DEV_HOST',
    flag: flag('Development', 'dev-host', { value: 'HOST' }),
  }),
  refresh: option(boolean, true, {
    description: 'With --dev: pages in the browser load themselves again after a change.',
    form: 'boolean',
    environment: 'TAIPAN_REFRESH',
    flag: flag('Development', 'no-refresh', {
      negative: true,
      help: 'With --dev: leave pages in the browser as they are after a change.',
    }),
  }),
}
