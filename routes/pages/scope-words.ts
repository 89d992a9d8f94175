/** What a scope means to a person. A scope without a text here is shown as it is. */

import { commonScopes, type ScopeText, scopesByProvider } from './scope-texts.js';
import type { Language } from './texts.js';

type Words = Readonly<Record<Language, string>>;

const wordsOf = (texts: readonly ScopeText[]): ReadonlyMap<string, Words> =>
  new Map(texts.map(([scope, en, de]) => [scope, { en, de }]));

const common = wordsOf(commonScopes);
const byProvider = new Map(Object.entries(scopesByProvider).map(([provider, texts]) => [provider, wordsOf(texts)]));

/** One permission in the list of a page. */
export interface ScopeWords {
  /** Absent if there is no text for this scope. */
  readonly words?: string;
  readonly scope: string;
}

/** The words for one scope token of a provider. */
export function describeScope(provider: string, scope: string, language: Language): ScopeWords {
  const words = byProvider.get(provider)?.get(scope) ?? common.get(scope);
  return words === undefined ? { scope } : { words: words[language], scope };
}
