/** What a terminal gets more than a file: colours. Nothing is told by a colour alone, and nobody else chooses them. */

import { currentEnvironment } from '../service/config.js';

const colors = { green: 32, yellow: 33, red: 31 } as const;

/** How a word is meant. */
export type Tone = 'good' | 'mind' | 'bad';
const colorOf: Readonly<Record<Tone, keyof typeof colors>> = { good: 'green', mind: 'yellow', bad: 'red' };

/** The text, coloured where stdout is a terminal and NO_COLOR is not set (no-color.org). */
export function paint(tone: Tone, text: string): string {
  if (process.stdout.isTTY !== true || currentEnvironment().NO_COLOR) return text;
  return `\x1b[${colors[colorOf[tone]]}m${text}\x1b[0m`;
}

/**
 * A text that somebody else chose, such as the name of an account, as a part of one line: what would move the cursor, colour
 * what follows, or turn its reading direction stands there as JSON escapes it.
 */
export function inOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => character.split('').map(escaped).join(''));
}

const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
