/** Preloaded into a command: when its progress bar shows the twentieth record, and not only counts, the process kills itself by -9. */

// As on a terminal, or there is no bar.
process.stderr.isTTY = true;

// The bar draws ten times a second, and all may be done by then: for it alone time flies, so that it shows each record.
const now = performance.now.bind(performance);
let drawings = 0;
performance.now = () => (/\bupdate\b/.test(new Error().stack) ? 1_000 * ++drawings : now());

const write = process.stderr.write.bind(process.stderr);
process.stderr.write = (text, ...rest) => {
  const done = Number(/ (\d+)(?:\/\d+)?$/.exec(String(text))?.[1] ?? 0);
  if (done >= 20 && !String(text).includes('counting')) process.kill(process.pid, 'SIGKILL');
  return write(text, ...rest);
};
