/** Makes an output of this process look like a terminal, or not like one, until the test is over. */

import { onTestFinished, vi } from 'vitest';

/** Sets whether the output looks like a terminal from now on. */
export function pretendTerminal(output: NodeJS.WriteStream, isTTY: boolean): void {
  const was = Object.getOwnPropertyDescriptor(output, 'isTTY');
  onTestFinished(() => {
    if (was) Object.defineProperty(output, 'isTTY', was);
    else Reflect.deleteProperty(output, 'isTTY');
  });
  Object.defineProperty(output, 'isTTY', { value: isTTY, configurable: true });
}

/** Collects what is written to stderr from now on, without printing it. */
export function heardOnStderr(): readonly string[] {
  const written: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  onTestFinished(() => spy.mockRestore());
  return written;
}
