/** Closes the parts of a program: a part that fails to close does not keep the others open. */

/**
 * Runs the steps one after the other, whether earlier ones failed or not.
 *
 * @throws the error of the first step that failed, when all have ended
 */
export async function closeInOrder(steps: readonly (() => Promise<unknown> | undefined)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
