/** Random schedules of faults (threats 7): a handful here, many with `npm run test:schedule -- --seed N --count 200`. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScheduleWorld } from './random-schedule.js';
import { storeKinds } from './stage.js';
import { strength } from './strength.js';

const seed = Number(process.env.SCHEDULE_SEED ?? Math.floor(Math.random() * 1_000_000));

describe.each(storeKinds)('on the %s store', (kind) => {
  const usual = kind === 'redis' ? strength.redisSchedules : strength.embeddedSchedules;
  const count = Number(process.env.SCHEDULE_COUNT ?? usual);
  const again = `npm run test:schedule -- --store ${kind} --seed ${seed} --count ${count}`;
  console.info(`seed ${seed}, ${count} schedules; again: ${again}`);

  let world: ScheduleWorld;
  beforeAll(async () => {
    world = await ScheduleWorld.open(kind);
  }, 60_000);
  afterAll(() => world.close(), 30_000);

  it.each(Array.from({ length: count }, (_, index) => seed + index))(
    'schedule %i keeps every invariant',
    async (each) => {
      expect(await world.run(each)).toEqual([]);
    },
    60_000,
  );
});
