import * as v from 'valibot'
import {
  account,
  boolean,
  integer,
  list,
  octal,
  size,
  sizeAboveZero,
  text,
} from '../option-types/kinds.ts'
import { createSection, flag, option, optional } from '../option-types/option.ts'

const STACK = 'a size from "32kb" to "2gb"'

/** `memoryLimit`: memory of each process. */
const MEMORY_LIMIT = {
  soft: optional(size, {
    description:
      'Bytes of resident memory above which another worker takes the place of one. 0: no limit.',
    form: 'number',
    perGroup: true,
    environment: 'TAIPAN_MEMORY_LIMIT_SOFT',
    flag: flag('Processes', 'memory-limit-soft', { value: 'SIZE' }),
  }),
  hard: optional(sizeAboveZero, {
    description:
      'Bytes of memory that the system gives a process (RLIMIT_DATA); more is a MemoryError there.',
    form: 'number',
    perGroup: true,
    environment: 'TAIPAN_MEMORY_LIMIT_HARD',
    flag: flag('Processes', 'memory-limit-hard', { value: 'SIZE' }),
  }),
}

/** `resourceLimits`: limits of the system for each process. */
const RESOURCE_LIMITS = {
  processes: optional(integer(1, 4_194_304), {
    description:
      'Processes and threads that the user of the process may have in all (RLIMIT_NPROC); does not bind root.',
    perGroup: true,
  }),
  openFiles: optional(integer(64, 1_048_576), {
    description: 'Open files and connections (RLIMIT_NOFILE).',
    perGroup: true,
  }),
  fileSize: optional(size, {
    description: 'Bytes of a file that it writes (RLIMIT_FSIZE).',
    perGroup: true,
  }),
  core: optional(size, {
    description: 'Bytes of a core file when it crashes (RLIMIT_CORE).',
    perGroup: true,
  }),
}

/** Who the processes are, and what the system lets them do. */
export const IDENTITY = {
  user: optional(account, {
    description:
      "User that the server becomes once it listens, and that workers are; a name or '#33'. Needs a start as root.",
    perGroup: true,
    environment: 'TAIPAN_USER',
    flag: flag('Processes', 'user', { short: 'u', value: 'NAME' }),
  }),
  group: optional(account, {
    description: "Group of the system that goes with it (that of the user); a name or '#33'.",
    perGroup: true,
    environment: 'TAIPAN_GROUP',
    flag: flag('Processes', 'group', { short: 'g', value: 'NAME' }),
  }),
  supplementaryGroups: optional(list, {
    description: 'Other groups that they belong to (those of the user); repeatable.',
    form: 'list',
    perGroup: true,
    environment: 'TAIPAN_SUPPLEMENTARY_GROUPS',
    flag: flag('Processes', 'supplementary-group', { value: 'NAME' }),
  }),
  strict: option(boolean, false, {
    description: 'Refuse to serve as root.',
    form: 'boolean',
    environment: 'TAIPAN_STRICT',
    flag: flag('General', 'strict'),
  }),
  umask: optional(octal, {
    description: 'Permissions to remove from new files and sockets, in octal, such as 007.',
    perGroup: true,
    environment: 'TAIPAN_UMASK',
    flag: flag('Processes', 'umask', { value: 'MASK' }),
  }),
  chroot: optional(text, {
    description: 'Folder that becomes the root of the file system for workers. Needs root.',
    perGroup: true,
    anchor: 'path',
    environment: 'TAIPAN_CHROOT',
    flag: flag('Processes', 'chroot', { value: 'DIR' }),
  }),
  home: optional(text, {
    description:
      'Working directory of workers, first on sys.path (that of the server, not on sys.path).',
    perGroup: true,
    anchor: 'path',
    environment: 'TAIPAN_HOME',
    flag: flag('Processes', 'home', { value: 'DIR' }),
  }),
  lang: optional(text, {
    description: 'LANG of workers, such as C.UTF-8.',
    perGroup: true,
    environment: 'TAIPAN_LANG',
    flag: flag('Processes', 'lang', { value: 'NAME' }),
  }),
  locale: optional(text, {
    description: 'LC_ALL of workers, set for all that Python formats by locale, too.',
    perGroup: true,
    toWorker: 'locale',
    environment: 'TAIPAN_LOCALE',
    flag: flag('Processes', 'locale', { value: 'NAME' }),
  }),
  stackSize: optional(v.pipe(size, v.minValue(32_768, STACK), v.maxValue(2 ** 31, STACK)), {
    description: 'Bytes of stack of each thread of Python, at least 32kb.',
    form: 'number',
    perGroup: true,
    toWorker: 'stackSize',
    environment: 'TAIPAN_STACK_SIZE',
    flag: flag('Processes', 'stack-size', { value: 'SIZE' }),
  }),
  cpuPriority: optional(integer(-20, 20), {
    description: 'Niceness of workers, -20 to 20; less than 0 needs root.',
    form: 'number',
    perGroup: true,
    environment: 'TAIPAN_CPU_PRIORITY',
    flag: flag('Processes', 'cpu-priority', { value: 'N' }),
  }),
  memoryLimit: option(
    createSection(MEMORY_LIMIT),
    {},
    { description: 'Memory of each worker.', table: MEMORY_LIMIT },
  ),
  resourceLimits: option(
    createSection(RESOURCE_LIMITS),
    {},
    { description: 'Limits of the system for each worker.', table: RESOURCE_LIMITS },
  ),
  noNewPrivileges: optional(boolean, {
    description:
      'Workers and their children cannot gain rights, by sudo for example (Linux; true with user).',
    perGroup: true,
  }),
  displayName: optional(text, {
    description: 'Name of workers in lists of processes; %{GROUP} is that of their group.',
    perGroup: true,
    toWorker: 'displayName',
    environment: 'TAIPAN_DISPLAY_NAME',
    flag: flag('Processes', 'display-name', { value: 'NAME' }),
  }),
  scriptUser: optional(account, {
    description:
      'User that must own scripts and their folders, which nobody else may write to; else 403.',
    perGroup: true,
    environment: 'TAIPAN_SCRIPT_USER',
    flag: flag('Processes', 'script-user', { value: 'NAME' }),
  }),
  scriptGroup: optional(account, {
    description:
      'Instead of scriptUser: group that must own them; nobody outside of it may write to them.',
    perGroup: true,
    environment: 'TAIPAN_SCRIPT_GROUP',
    flag: flag('Processes', 'script-group', { value: 'NAME' }),
  }),
}
