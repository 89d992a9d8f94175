/** Who the person of a link is at the chat platform (proof `chat_login`): where to sign in, and as whom. */

import type { ChatIdentity } from '../core/connect.js';
import type { UserId } from '../core/identifiers.js';
import type { ChatLogin, Settings } from './dependencies.js';

/** The provider to sign in at, and the account id there that it must be. */
export interface ChatPerson {
  readonly login: ChatLogin;
  readonly subject: string;
}

/**
 * Reads `<platform>:<subject>` out of the user id; where it says no platform, the chat identity does. `undefined` when
 * the platform is none of those at which people can sign in here.
 *
 * A platform in the user id wins over the chat identity: the user id comes from the signed event of the chat.
 */
export function findChatPerson(
  { chatLogins = [] }: Pick<Settings, 'chatLogins'>,
  { userId, chatIdentity }: { readonly userId: UserId; readonly chatIdentity?: ChatIdentity },
): ChatPerson | undefined {
  const platformEnd = userId.indexOf(':');
  const named = chatLogins.find(({ platform }) => userId.startsWith(`${platform}:`));
  const login = named ?? loginOf(chatLogins, chatIdentity);
  if (login === undefined) return undefined;
  const rest = named ? userId.slice(platformEnd + 1) : userId.slice(userId.lastIndexOf(':') + 1);
  const subject = chatIdentity?.subject ?? rest;
  return subject === '' ? undefined : { login, subject };
}

function loginOf(logins: readonly ChatLogin[], identity: ChatIdentity | undefined): ChatLogin | undefined {
  if (identity === undefined) return logins.length === 1 ? logins[0] : undefined;
  return logins.find(({ platform }) => platform === identity.platform.toLowerCase());
}
