import { pairs } from '../option-types/kinds.ts'
import { flag, option } from '../option-types/option.ts'

/** Routes of the short form. */
export const FOLDERS = {
  static: option(
    pairs,
    {},
    {
      description: 'Serve the files of DIR below URL; files win over the application; repeatable.',
      form: 'pairs',
      anchor: 'path',
      environment: 'TAIPAN_STATIC',
      flag: flag('Files', 'static', { value: 'URL=DIR' }),
    },
  ),
  scripts: option(
    pairs,
    {},
    {
      description:
        'Serve the folder DIR below URL: Python scripts are run, other files are sent; repeatable.',
      form: 'pairs',
      anchor: 'path',
      environment: 'TAIPAN_SCRIPTS',
      flag: flag('Files', 'scripts', { value: 'URL=DIR' }),
    },
  ),
  upstream: option(
    pairs,
    {},
    {
      description:
        'Answer what is below URL by another server, at an address such as fastcgi://127.0.0.1:9000; repeatable.',
      form: 'pairs',
      anchor: 'upstream',
      environment: 'TAIPAN_UPSTREAM',
      flag: flag('Files', 'upstream', { value: 'URL=ADDR' }),
    },
  ),
}
