import { describe, expect, it } from 'vitest';
import { providerIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { findChatPerson } from '../../src/flows/chat-person.js';

const login = (platform: string) => ({ platform, provider: providerIdSchema.parse(platform) });
const discord = login('discord');
const slack = login('slack');

describe('the person of a link at the chat platform', () => {
  it.each([
    ['discord:123', undefined, 'discord 123'],
    ['slack:T1:U2', undefined, 'slack T1:U2'],
    // The user id comes from the signed event, so it wins.
    ['slack:T1:U2', { platform: 'discord', name: 'x' }, 'slack T1:U2'],
    ['slack:T1:U2', { platform: 'slack', name: 'x', subject: 'T1:U9' }, 'slack T1:U9'],
    ['team-7:123', { platform: 'Discord', name: 'x' }, 'discord 123'],
    ['123', { platform: 'discord', name: 'x' }, 'discord 123'],
    ['123', { platform: 'matrix', name: 'x' }, undefined],
    ['123', undefined, undefined],
    ['discordish:123', undefined, undefined],
    ['discord:', undefined, undefined],
    ['discord', { platform: '__proto__', name: 'x' }, undefined],
  ])('%s with %j is %s (L13)', (userId, chatIdentity, wanted) => {
    const found = findChatPerson(
      { chatLogins: [discord, slack] },
      { userId: userIdSchema.parse(userId), ...(chatIdentity && { chatIdentity }) },
    );
    expect(found && `${found.login.platform} ${found.subject}`).toBe(wanted);
  });

  it('is at the only platform there is, when neither user id nor chat identity name one', () => {
    const person = { userId: userIdSchema.parse('123') };
    expect(findChatPerson({ chatLogins: [discord] }, person)).toEqual({ login: discord, subject: '123' });
    expect(findChatPerson({}, person)).toBeUndefined();
  });
});
