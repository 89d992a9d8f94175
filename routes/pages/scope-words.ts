/** What a scope means to a person. A scope that nobody has put into words is shown as it stands. */

import { commonScopes, type ScopeText, scopesByProvider } from './scope-texts.js';
import type { Language } from './texts.js';

type Words = Readonly<Record<Language, string>>;

const wordsOf = (texts: readonly ScopeText[]): ReadonlyMap<string, Words> =>
  new Map(texts.map(([scope, en, de]) => [scope, { en, de }]));

const common = wordsOf(commonScopes);
const byProvider = new Map(Object.entries(scopesByProvider).map(([provider, texts]) => [provider, wordsOf(texts)]));

/** One permission as the page lists it. */
export interface ScopeWords {
  /** Absent when nobody has put this scope into words. */
  readonly words?: string;
  readonly scope: string;
}

/** Puts one scope token of a provider into words. */
export function describeScope(provider: string, scope: string, language: Language): ScopeWords {
  const words = byProvider.get(provider)?.get(scope) ?? common.get(scope);
  return words === undefined ? { scope } : { words: words[language], scope };
}
