/** Lets an output of this process pass for a terminal, or for none, until the test is over. */

import { onTestFinished, vi } from 'vitest';

/** Whether the output is a terminal from now on. */
export function pretendTerminal(output: NodeJS.WriteStream, isTTY: boolean): void {
  const was = Object.getOwnPropertyDescriptor(output, 'isTTY');
  onTestFinished(() => {
    if (was) Object.defineProperty(output, 'isTTY', was);
    else Reflect.deleteProperty(output, 'isTTY');
  });
  Object.defineProperty(output, 'isTTY', { value: isTTY, configurable: true });
}

/** What is written to stderr from now on, kept from the screen. */
export function heardOnStderr(): readonly string[] {
  const written: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  onTestFinished(() => spy.mockRestore());
  return written;
}
