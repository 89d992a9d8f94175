/** Random schedules of faults (threats 7): a handful here, many with `npm run test:schedule -- --seed N --count 200`. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ScheduleWorld } from './random-schedule.js';

const seed = Number(process.env.SCHEDULE_SEED ?? Math.floor(Math.random() * 1_000_000));
const count = Number(process.env.SCHEDULE_COUNT ?? 4);
console.info(`seed ${seed}, ${count} schedules; again: npm run test:schedule -- --seed ${seed} --count ${count}`);

let world: ScheduleWorld;
beforeAll(async () => {
  world = await ScheduleWorld.open();
}, 60_000);
afterAll(() => world.close(), 30_000);

it.each(Array.from({ length: count }, (_, index) => seed + index))(
  'schedule %i keeps every invariant',
  async (each) => {
    expect(await world.run(each)).toEqual([]);
  },
  60_000,
);
