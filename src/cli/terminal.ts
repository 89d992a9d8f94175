/** Colours, only on a terminal. No information is in the colour alone. */

import { currentEnvironment } from '../service/config.js';

const colors = { green: 32, yellow: 33, red: 31 } as const;

/** The meaning of a word. */
export type Tone = 'good' | 'mind' | 'bad';
const colorOf: Readonly<Record<Tone, keyof typeof colors>> = { good: 'green', mind: 'yellow', bad: 'red' };

/** The text, coloured if stdout is a terminal and NO_COLOR is not set (no-color.org). */
export function paint(tone: Tone, text: string): string {
  if (process.stdout.isTTY !== true || currentEnvironment().NO_COLOR) return text;
  return `\x1b[${colors[colorOf[tone]]}m${text}\x1b[0m`;
}

/**
 * A text that somebody else chose, such as the name of an account, as a part of one line: characters that would move the
 * cursor, colour what follows, or turn the reading direction are escaped as in JSON.
 */
export function inOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => character.split('').map(escaped).join(''));
}

const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
