import { HANDLER_STYLES } from '../../core/application.ts'
import { boolean, choice, text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import { SCRIPT_VALUES } from './script-values.ts'
import { ISOLATION_OPTIONS } from './isolation-option.ts'

/** Options of the kinds of routes that run scripts or handlers. */
export const SCRIPT_OPTIONS = {
  group: optional(text, {
    description: 'Process group of the scripts (needed if there are several).',
  }),
  ...ISOLATION_OPTIONS,
  style: optional(choice(HANDLER_STYLES), {
    description: 'How handlers are called; pywx, the default: with the connection object.',
  }),
  attachStdio: optional(boolean, {
    description:
      'Scripts print their response and read the request from standard input (true); false: only the connection object answers, and what is printed is logged.',
  }),
  setupCgiEnv: optional(boolean, {
    description:
      'Scripts have the variables of CGI in os.environ, its sys.argv, and their folder as working directory (true); false: those of the process.',
  }),
  ...SCRIPT_VALUES,
  installCachingExec: optional(boolean, {
    description: 'Give scripts the builtin `execfile`, which compiles files once (false).',
  }),
}
