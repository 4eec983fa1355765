import * as v from 'valibot'
import type {
  AccessFunction,
  CheckPassword,
  GetRealmHash,
  GroupsForUser,
} from '../../pipeline/guard/function-guard.ts'
import { DIGEST_ALGORITHMS } from '../../wire/http-auth/digest.ts'
import { boolean, choice, duration, functionOf, list, text } from '../option-types/kinds.ts'
import { createSection, option, optional } from '../option-types/option.ts'

const realm = v.pipe(
  text,
  v.regex(/^[\x20-\x7e]*$/, 'printable ASCII'),
  v.regex(/^[^"\\]*$/, 'a text without quotation marks and backslashes'),
)
const algorithms = v.pipe(
  v.union(
    [v.picklist(DIGEST_ALGORITHMS), v.pipe(v.array(v.picklist(DIGEST_ALGORITHMS)), v.minLength(1))],
    '"MD5", "SHA-256", or a list of them',
  ),
  v.transform((given) => [given].flat()),
)

/** `routes[].auth.require`: which users may come in. */
const REQUIRE = {
  user: optional(list, { description: 'Users that may come in, as the application sees them.' }),
  group: optional(list, { description: 'Groups whose members may come in.' }),
}

/** `routes[].auth`: who is asked for. */
const AUTH = {
  type: option(choice(['basic', 'digest']), 'basic', {
    description: 'Basic (RFC 7617) or Digest (RFC 7616) authentication.',
  }),
  realm: optional(realm, {
    description: 'What browsers say where they ask for the password; needed.',
  }),
  script: optional(text, {
    description:
      'Python file with `check_password(environ, user, password)`, for digest `get_realm_hash(environ, user, realm)`, and `groups_for_user(environ, user)` for `require.group`.',
    anchor: 'path',
  }),
  group: optional(text, {
    description:
      'Process group that runs the scripts (that of the application of the route, or the first).',
  }),
  require: optional(createSection(REQUIRE), {
    description: 'Which users may come in (all that have the right password).',
    table: REQUIRE,
  }),
  algorithm: optional(algorithms, {
    description: 'Of digest: MD5, SHA-256, or a list of what is offered (MD5).',
  }),
  cache: option(duration, 0, {
    description: 'How long a right password is not asked about again; 0: ask for every request.',
  }),
  passAuthorization: option(boolean, false, {
    description: 'Give the application the Authorization field, too.',
  }),
  checkPassword: optional(functionOf<CheckPassword>(), {
    description: 'Function instead of `check_password`: `(request, user, password)`.',
    onlyInCode: true,
  }),
  getRealmHash: optional(functionOf<GetRealmHash>(), {
    description: 'Function instead of `get_realm_hash`: `(request, user, realm, algorithm)`.',
    onlyInCode: true,
  }),
  groupsForUser: optional(functionOf<GroupsForUser>(), {
    description: 'Function instead of `groups_for_user`: `(request, user)`.',
    onlyInCode: true,
  }),
}

/** `routes[].access`. */
export const ACCESS_OPTION = optional(
  v.union([text, functionOf<AccessFunction>()], 'a file, or a function'),
  {
    description:
      'Python file with `allow_access(environ, host)`, or a function `(request)`: false is a 403.',
    anchor: 'path',
  },
)

/** `routes[].authorizer`. */
export const AUTHORIZER_OPTION = optional(text, {
  description:
    'FastCGI application in the role of an authorizer, by its address: what it answers with 200 may come in, and its fields `Variable-NAME` become variables of the request; other answers are for the client.',
  anchor: 'upstream',
})

/** `routes[].auth`. */
export const AUTH_OPTION = optional(createSection(AUTH), {
  description: 'Ask for a user and a password.',
  table: AUTH,
})
