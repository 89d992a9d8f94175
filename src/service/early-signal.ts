/** A signal that comes while the program loads: the first process of a container hears none that it has not asked for. */

/** What ends a service. */
export const endingSignals = ['SIGTERM', 'SIGINT'] as const;

/** A start that takes longer than this is not waited for, ms. */
const patienceMs = 5_000;

let isAsked = false;
let giveUp: NodeJS.Timeout | undefined;

/** From now on a signal is kept for who can close what has begun by then; without one in time, it ends the process. */
export function keepEarlySignal(): void {
  for (const signal of endingSignals) process.on(signal, onSignal);
}

/** Whether there was one. Those that follow are the caller's. */
export function takeEarlySignal(): boolean {
  for (const signal of endingSignals) process.off(signal, onSignal);
  clearTimeout(giveUp);
  const wasAsked = isAsked;
  isAsked = false;
  return wasAsked;
}

function onSignal(): void {
  if (isAsked) process.exit(1);
  isAsked = true;
  giveUp = setTimeout(() => process.exit(1), patienceMs).unref();
}
