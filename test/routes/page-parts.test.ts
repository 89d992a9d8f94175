import { describe, expect, it } from 'vitest';
import { catalogue } from '../../providers/index.js';
import { findCookie } from '../../routes/cookies.js';
import { donePage } from '../../routes/pages/done.js';
import { firstShowable } from '../../routes/pages/icons.js';
import { askerOf } from '../../routes/pages/landing.js';
import { safeLink } from '../../routes/pages/render.js';
import { describeScope } from '../../routes/pages/scope-words.js';
import { chooseLanguage, textsOf } from '../../routes/pages/texts.js';
import { deepLinkSchema } from '../../src/core/public-address.js';
import type { FinishedView } from '../../src/core/views.js';
import { finished } from '../support/fixed-manager.js';

describe('what pages are made of', () => {
  it.each([
    [undefined, 'en'],
    ['', 'en'],
    ['de', 'de'],
    ['DE-ch', 'de'],
    ['en;q=0.1, de;q=0.2', 'de'],
    ['de;q=0', 'en'],
    ['den, *', 'en'],
    [','.repeat(100_000), 'en'],
  ])('Accept-Language %.20s chooses %s', (header, language) => {
    expect(chooseLanguage(header)).toBe(language);
  });

  it('puts a scope into words only where somebody wrote them', () => {
    expect(describeScope('github', 'repo', 'de').words).toContain('Repositories');
    expect(describeScope('slack', 'repo', 'en')).toEqual({ scope: 'repo' });
    expect(describeScope('constructor', '__proto__', 'en')).toEqual({ scope: '__proto__' });
  });

  it.each([...catalogue])(
    'every scope that is asked for at %s by default is in words, in both languages',
    (id, entry) => {
      const unsaid = (language: 'en' | 'de') =>
        entry.defaultScope.filter((scope) => describeScope(id, scope, language).words === undefined);
      expect([...unsaid('en'), ...unsaid('de')]).toEqual([]);
    },
  );

  it.each([
    ['https://app.example/x', true],
    ['/connections', true],
    ['tg://resolve?domain=bot', false],
    ['//evil.example', false],
    ['/\\evil.example', false],
    ['javascript:alert(1)', false],
    [' javascript:alert(1)', false],
    ['data:text/html,x', false],
    ['evil', false],
  ])('links to %s: %s', (target, allowed) => {
    expect(safeLink(target)).toBe(allowed ? target : undefined);
  });

  it.each([
    ['https://t.me/my_bot?start={code}', true],
    ['tg://resolve?domain=bot&start={code}', true],
    ['viber://pa?chatURI=bot&text={code}', true],
    ['line://msg/text/{code}', true],
    ['javascript://x/{code}', false],
    ['/local/{code}', false],
  ])('the link into the chat that is accepted as PROOF_DEEP_LINK is the one that is shown: %s', (deepLink, allowed) => {
    expect(deepLinkSchema.safeParse(deepLink).success).toBe(allowed);
    const page = donePage({ ...finished.code, deepLink } as FinishedView, {
      basePath: '',
      language: 'en',
      texts: textsOf('en'),
      now: 0,
      isAgain: false,
    });
    expect(page).toMatchObject({ kind: 'page', page: { view: { deepLink: allowed ? deepLink : undefined } } });
  });

  it.each(['\u3164', '\u2800\u2800', '\u115f \u00ad', '\u200b\ufeff', '\u{e0041}\ufe0f', ' \u0301'])(
    'a chat account with the blank name %j is one without a name: nobody takes it for his own (L1, A11)',
    (name) => {
      expect(askerOf({ platform: 'discord', name }, textsOf('en'))).toBeUndefined();
      expect(firstShowable(name, 'ada@example.com')).toBe('ada@example.com');
    },
  );

  it.each(['A', '李', '✨', '.', '\u3164Ada', '0'])('the name %s can be seen', (name) => {
    expect(askerOf({ platform: 'discord', name }, textsOf('en'))).toEqual({ name, place: 'on Discord' });
  });

  it.each([
    [undefined, undefined],
    ['b=1; a=2', '2'],
    ['aa=1', undefined],
    ['a=', undefined],
    ['x=a=3; a=4=5', '4=5'],
    ['b=1;\t a=2', '2'],
    ['\u00a0a=3; a=2', '2'],
  ])('finds a cookie in %s', (header, value) => {
    expect(findCookie(header, 'a')).toBe(value);
  });

  it('refuses a cookie that stands there twice (L5)', () => {
    expect(() => findCookie('a=1; b=2; a=1', 'a')).toThrow('more than once');
  });
});
