/** Preload that shifts this process's clock by CLOCK_SHIFT_MS, as a machine whose time was never set does. */

const shift = Number(process.env.CLOCK_SHIFT_MS ?? 0);
const now = Date.now.bind(Date);
Date.now = () => now() + shift;
